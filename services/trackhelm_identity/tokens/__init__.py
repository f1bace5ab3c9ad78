"""Tokens of users and of service accounts."""
