"""The rules of the registry. No HTTP, no SQL."""
