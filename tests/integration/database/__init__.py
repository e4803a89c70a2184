"""The embedded PostgreSQL and the migrations, as they are started, shared, killed and repaired."""
