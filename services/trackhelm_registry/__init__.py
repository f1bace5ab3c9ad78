"""Owns the model registry: registered models, versions, stages and aliases, and MLflow 3's logged models.

It reads runs and metrics but never writes them, and never touches a model's files.
"""
