"""Owns every tracking write: experiments, runs, params, tags, metrics, inputs and outputs.

It must not read for display (that is query's) nor touch artifacts.
"""
