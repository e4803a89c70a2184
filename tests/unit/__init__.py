"""Tests that do no I/O."""
