"""The one way in: load a member, decide, append.

`desk` is what callers use, `procedures` how it waits, `keys` and `receipts` what a caller gets back; `mapper` writes
facts as the log keeps them; `application` holds the log, its `members` and the reference that decisions look at;
`registration`, `organisations`, `imports` and `import_rows` record what is new.
"""
