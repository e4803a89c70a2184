"""Webhooks sent: `worker` leads or waits, and starts what is due; `delivering` takes one subscription through its feed;
`progress` keeps what became of each attempt. Signatures, targets and schedule are in `infra/webhooks`.
"""
