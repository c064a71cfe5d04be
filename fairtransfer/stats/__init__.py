"""Numbers from counts and arrays: intervals, seeds, multiplicity, planning. Nothing here knows of files or models."""
