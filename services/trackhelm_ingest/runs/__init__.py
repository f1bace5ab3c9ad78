"""Runs, their params and tags: every endpoint that writes them, and the snapshots of runs that ended."""
