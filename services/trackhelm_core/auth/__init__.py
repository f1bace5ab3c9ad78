"""Who sends a request: read from its credentials or from a trusted proxy, and handed to logic as an `Actor`.

Nothing here checks a password or a permission.
"""
