"""Numbers from counts and arrays: intervals, seeds, multiplicity, planning. Nothing here knows of files or models.

Public though nothing in this package calls them, for programs that want them and to compare with: `draws.poisson`, and
`draws.row_weights` with `draws.weighted_sums`, are other bootstraps than the one in use; `calibration.raw_ece` is the error of
calibration as it is often reported elsewhere.
"""
