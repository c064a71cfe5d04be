"""Ways to ask a model as published, one file each. Definitions are read with them: torch is imported inside `ask` alone."""
