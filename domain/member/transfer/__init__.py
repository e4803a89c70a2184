"""组织关系转接: how the formal relationship of a member moves from one organisation to another, beside any movement.

`events` are its facts, `standing` what they add up to, `steps` what each does to the member, `rules` what is refused,
`commands` what may be asked for, `views` what is shown.
"""
