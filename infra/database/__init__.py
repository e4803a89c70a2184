"""The PostgreSQL beneath everything: how it is run, shaped and reached.

`embedded` starts and stops the server that comes with the packages (`unprivileged` and `supervisor` are its two small
programs: one gives up root's rights, one keeps the server for as long as somebody uses it). `migrations` brings a
database to the newest shape from the numbered SQL files in the folder of that name. `connections` opens pools.
"""
