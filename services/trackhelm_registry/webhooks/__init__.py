"""Webhooks: their management, and the delivery of events to them."""
