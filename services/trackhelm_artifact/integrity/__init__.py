"""Integrity of the store: the checksum index, verification, deletion for good, and reconciliation."""
