"""Training pictures: folders, shards, public data sets, and how they are divided."""
