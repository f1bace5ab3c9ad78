"""Every SQL statement of the artifact service."""
