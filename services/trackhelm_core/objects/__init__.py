"""The object store: one port for every kind of store."""
