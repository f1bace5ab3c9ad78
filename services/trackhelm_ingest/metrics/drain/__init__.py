"""The drain: from a partition of the queue to the database, storing each point once."""
