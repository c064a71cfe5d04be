"""Evidence -> rows: a pure function of what a run left on disk. No model, no torch, no network."""
