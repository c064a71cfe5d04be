"""Numbers from counts and arrays: intervals, seeds, multiplicity, planning. Nothing here knows of files, models or groups of people."""
