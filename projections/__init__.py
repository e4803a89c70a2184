"""Read models folded from the log, one module per model, and the runner that feeds them.

A module holds its model's tables, what it writes from the fold, and its queries. Imports the domain only; database
connections come in as arguments.
"""
