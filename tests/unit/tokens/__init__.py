"""Bearer tokens: what is taken, what is refused and why, and how long it is remembered."""
