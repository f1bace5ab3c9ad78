"""All services in one process, on SQLite and a folder: a composition, and not a second code path."""
