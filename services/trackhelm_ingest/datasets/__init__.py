"""Datasets and the inputs of runs: every endpoint that writes them."""
