"""All services in one process, on SQLite and a folder: a composition, never a second code path."""
