"""The sample data and the commands that make, import and replay it."""
