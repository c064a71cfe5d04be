"""Evidence of a run: what its jobs left, counted."""
