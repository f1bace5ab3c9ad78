"""Quotas of workspaces: which there are, what is used of them, and refusing what would exceed one."""
