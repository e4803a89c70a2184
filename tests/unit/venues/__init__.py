"""Check-in codes without a database: their text, their number, when they count, and how much guessing is allowed."""
