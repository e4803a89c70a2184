"""Webhooks from the subscription to the receiver, over real HTTP."""
