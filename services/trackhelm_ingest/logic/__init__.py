"""The rules of tracking writes. No HTTP, no SQL."""
