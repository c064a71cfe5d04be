"""Evidence of a table of predictions from anywhere, counted where it lies."""
