"""Quotas of workspaces."""
