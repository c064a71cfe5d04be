"""How often intervals cover and gates err: the tables of `coverage.py`, a file for each way of finding out."""
