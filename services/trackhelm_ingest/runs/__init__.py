"""Runs, their params and tags: every endpoint that writes them, and finalizing runs."""
