"""The ingest service: every tracking write, of experiments, runs, params, tags, metrics, inputs and outputs.

Must not read for display, which the query service does, or touch artifacts.
"""
