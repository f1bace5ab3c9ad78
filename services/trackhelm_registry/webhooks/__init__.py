"""Webhooks: their management and what is on its way to them."""
