"""Calling webhooks: addresses that may be called, the request itself, and turns of working off the outbox.

It knows no HTTP framework and no statement; whoever has a thread to spend takes turns here.
"""
