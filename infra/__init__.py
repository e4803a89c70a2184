"""Everything that touches the outside: settings, logs, metrics, the database, the event store, the vault, the broker.

Imports the domain only, except `infra.cli`, the composition root, which may import every package.
"""
