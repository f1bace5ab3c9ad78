"""Metric points and their compressed form: pure functions over NumPy columns.

Owns what a point set is (`points`) and how it becomes bytes (`codec`). Must not touch a database, a queue,
settings or the clock: the caller decides when to encode, merge and store.
"""
