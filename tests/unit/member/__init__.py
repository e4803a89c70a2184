"""Rules and duties of a member, each told as given, when, then."""
