"""Where personal data sits, apart from the log, encrypted under a key of each member that erasure destroys.

`vault` seals what a registration or a change brings, opens it again and finds people; `master_key` holds the
deployment's master key and derives one key a purpose from it; `cipher` encrypts one value or one key; `search_tokens`
and `names` make the keyed tokens of a search; `fields` names what is kept; `upkeep` confirms the master key, brings
index and tokens up to date and erases. Tables: migration
0003_vault.sql; the append of the event store inserts the rows.
"""
