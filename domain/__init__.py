"""The rules of keeping in touch with members away from home: facts, commands, the fold, regions, organisations.

Pure: the standard library and eventsourcing.domain only; no I/O, no clock, no SQL. Times and ids come in as arguments.
"""
