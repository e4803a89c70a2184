"""Identity numbers: what is read, what is refused and with which code."""
