"""Draining the queue of metrics into the database: what a worker does, a partition at a time.

`stream` is the partition's side in Redis, `batch` the database's, `drainer` the loop over both, `sweep`
what finds partitions that nobody drains.
"""
