"""Recording, without a database."""
