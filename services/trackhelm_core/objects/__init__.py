"""The object store: one port for every kind of store, and the folder that keeps files without one."""
