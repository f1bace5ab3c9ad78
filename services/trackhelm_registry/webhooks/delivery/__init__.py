"""Delivery of webhooks: addresses, calls, retries."""
