"""The service over HTTP: conventions, recording, asking, problems, and what it does when the database goes away."""
