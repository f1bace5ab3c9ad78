"""Runs as several services see them: their messages on the wire, their rows, and their snapshots."""
