"""Metrics: from the body of a request to compressed chunks."""
