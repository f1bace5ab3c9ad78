"""Runs as a table: pages by columns, files of all rows, how many there are, and groups with aggregates."""
