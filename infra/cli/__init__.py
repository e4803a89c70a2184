"""The `kiteline` command line.

`main` holds the table of commands; each command is a module of its own, imported only when it is run.
"""
