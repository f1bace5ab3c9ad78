"""Owns who may call: workspaces, accounts and their passwords, tokens, roles and grants.

It must not decide what a request may do: `trackhelm_domain.access` does, for every service.
"""
