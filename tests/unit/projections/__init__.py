"""What projections compute without a database."""
