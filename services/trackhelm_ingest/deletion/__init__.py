"""Deletion for good of experiments and runs."""
