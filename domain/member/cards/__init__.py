"""The activity card of who is away 流动党员活动证: issued, inspected each year, over with the movement."""
