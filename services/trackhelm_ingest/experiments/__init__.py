"""Experiments: every endpoint that writes them."""
