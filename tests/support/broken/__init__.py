"""Inputs that are broken at random: tables, definitions, checkpoints and run folders, and what may come of them."""
