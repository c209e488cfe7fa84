"""Measures of quality, and the protocols they are taken by."""
