"""Webhooks: which events there are, and the outbox that changes are announced in.

Services announce here what happened (`outbox`); the registry service owns the webhooks, and delivers.
"""
