"""A membership itself: suspended, restored, ended, and death; each a decision with its document and meeting."""
