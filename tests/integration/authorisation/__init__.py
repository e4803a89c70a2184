"""Who may do what, asked of the running service: every role, every endpoint, own, agreed and foreign."""
