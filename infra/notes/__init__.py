"""C2SP signed notes: `signed_note` reads, signs and checks them; `checkpoint` is the note about a log's tree;
`log_keys` keeps the keys that sign it; `outside_copy` keeps what was signed last outside the database; `standing`
compares the log with it.
"""
