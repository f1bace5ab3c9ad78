"""Experiments: search and lookup."""
