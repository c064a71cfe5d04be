"""What a run leaves on disk: the store and its commit protocol, joint counts, digests, and how they are checked again."""
