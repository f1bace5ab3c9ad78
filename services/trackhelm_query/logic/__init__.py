"""The rules of tracking reads. No HTTP, no SQL."""
