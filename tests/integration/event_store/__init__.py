"""The event store on a real PostgreSQL: the library's own suites, and what ours promises beyond them."""
