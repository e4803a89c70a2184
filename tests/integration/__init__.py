"""Tests on the real PostgreSQL and the real Kafka."""
