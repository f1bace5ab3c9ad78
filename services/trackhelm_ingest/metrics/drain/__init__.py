"""The drain: from a partition of the queue to the database, each point once."""
