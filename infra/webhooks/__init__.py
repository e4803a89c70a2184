"""Webhooks but for their sending: signatures of Standard Webhooks 1.0 and their sealed keys, the addresses that may be
called, when to try again, and the subscriptions as the database keeps them. `consumers/webhooks` sends.
"""
