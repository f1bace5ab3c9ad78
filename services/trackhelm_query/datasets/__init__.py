"""Datasets of experiments."""
