"""Recipes: the TOML file that says how a checkpoint is trained."""
