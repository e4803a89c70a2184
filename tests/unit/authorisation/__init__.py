"""Who may do what: every action by every role, near and far."""
