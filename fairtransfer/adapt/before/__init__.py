"""Ways to ask a model as published, one file each."""
