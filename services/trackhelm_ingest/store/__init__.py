"""Every SQL statement of the ingest service."""
