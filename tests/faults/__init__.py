"""Kills, cuts and breakages, each with a negative control that must turn the check red."""
