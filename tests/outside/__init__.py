"""What others' implementations say of ours: programs that Kiteline had no hand in, run on what it serves."""
