"""The vault on PostgreSQL, its rows brought by the append of the event store."""
