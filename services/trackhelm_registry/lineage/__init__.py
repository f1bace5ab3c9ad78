"""Lineage: which runs, data and models a model comes from."""
