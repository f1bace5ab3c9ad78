"""The queue of the split shape: metric points wait in Redis streams until a worker stores them.

Owns the names of keys and streams, the connection, the wait of reads for earlier writes, and how tasks are
described and sent. Must not know what an entry of a stream holds: the ingest service writes and drains them.
"""
