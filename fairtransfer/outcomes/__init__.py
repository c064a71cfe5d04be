"""Kinds of outcome: what a row of answers adds, which metrics follow, and what is known of each metric."""
