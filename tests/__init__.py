"""The tests.

`unit` does no I/O, `integration` is on real PostgreSQL and Kafka, `scenarios` through HTTP, `faults` has the kills and
breakages with their negative controls.
"""
