"""Owns registered models, their versions, stages, aliases and tags, and logged models.

It reads runs and experiments; it must not write them, nor touch artifacts.
"""
