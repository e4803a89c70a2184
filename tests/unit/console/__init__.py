"""What pages rest on, without a browser."""
