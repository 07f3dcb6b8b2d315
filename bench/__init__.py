"""Measures that print a table: ours beside the peer's way, in one run."""
