"""Venues, their codes and check-ins over HTTP, on a real service."""
