"""Read models on a real database, against a straight fold of the same facts."""
