"""Ways to adapt a model, one file each."""
