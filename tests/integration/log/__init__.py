"""The log as an auditor sees it: tree, checkpoint, proofs, and what becomes of a log that was tampered with."""
