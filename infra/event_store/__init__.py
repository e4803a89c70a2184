"""The event store: a recorder of the eventsourcing library's interface on PostgreSQL, with gapless positions.

`save` says what is handed over and what comes back, `refusals` why a save was not stored. `packing` turns saves into
the arrays of one statement, `group_commit` gathers the saves of all threads into such batches and commits them,
`recovery` finds out what became of a batch whose answer was lost. `recorder` is what others call; `reading` holds its
queries, `sessions` lends them connections, `subscription` follows the log, `factory` gives it all to the library,
`epochs` keeps the name under which the log speaks. The statement itself, `append_saves`, is in the migrations.
"""
