"""What a member asks of their own personal data, how it is answered, and its erasure."""
