"""Checksums of files, their verification, and what is left in the store without an owner."""
