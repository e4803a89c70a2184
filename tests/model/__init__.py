"""A second, naive telling of DOMAIN.md, written apart from the domain's code, and random lives told by both."""
