"""Metric history: pages, samples, and series by their labels."""
