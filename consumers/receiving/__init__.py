"""Receives what sister deployments publish about our regions: one reader among all processes of the role.

`receiver` is the thread and its leadership, `topics` the brokers' side: which topics are ours, what comes next in each.
What becomes of an event is `infra.sisters`' to say.
"""
