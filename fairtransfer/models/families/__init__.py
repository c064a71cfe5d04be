"""Kinds of pretrained models, one file each. Definitions are read with them: torch is imported inside `open` alone."""
