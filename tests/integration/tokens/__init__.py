"""Tokens through the settings, the command line and a real HTTP server."""
