"""Every SQL statement of the query service."""
