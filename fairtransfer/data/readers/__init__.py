"""Kinds of files that tables are read from, one file each."""
