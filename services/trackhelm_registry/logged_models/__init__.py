"""Logged models of MLflow 3: their lifecycle and search."""
