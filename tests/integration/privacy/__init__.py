"""Requests about personal data, its erasure, and that nothing of it is left anywhere."""
