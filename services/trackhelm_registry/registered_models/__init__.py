"""Registered models, their tags and aliases."""
