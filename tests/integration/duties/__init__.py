"""The duties of DOMAIN.md's table, each through the public interface."""
