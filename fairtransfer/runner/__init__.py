"""Plan, executors and cost: what would run, what is already there, and doing the rest."""
