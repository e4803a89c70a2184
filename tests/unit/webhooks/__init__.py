"""Signatures, targets and schedules of webhooks."""
