"""How a process is observed: its logs, its metrics, and an id for each request."""
