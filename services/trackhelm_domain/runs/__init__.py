"""Runs, for several services: their wire form, the statements that read them, and their snapshots."""
