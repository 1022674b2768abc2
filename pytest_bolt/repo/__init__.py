"""Git and trees: refs, the base worktree, the suite laid over it, and proof of where modules came from."""
