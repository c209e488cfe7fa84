"""Training: the loop, what it learns by, its state, and the export of a checkpoint."""
