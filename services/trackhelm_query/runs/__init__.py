"""Runs: search and lookup."""
