"""Delivering events to webhooks: addresses, requests, retries."""
