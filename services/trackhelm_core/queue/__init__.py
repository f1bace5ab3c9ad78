"""The queue of the split shape: metric points wait in Redis streams until a worker stores them.

Owns names of keys and streams, the connection, reading one's own writes, and how tasks are described and
sent. Must not know what an entry of a stream holds: ingest writes and drains them.
"""
