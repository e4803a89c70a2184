"""The tree, notes and keys of the log, without a database."""
