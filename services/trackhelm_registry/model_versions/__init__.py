"""Versions of registered models: sources, stages and their history."""
