"""Owns the model registry: registered models, versions, stages and aliases, and MLflow 3's logged models.

It reads runs and metrics but must not write them, and must not touch a model's files.
"""
