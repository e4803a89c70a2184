"""How the database answers: no question reads a large table from end to end."""
