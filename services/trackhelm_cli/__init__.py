"""The command `trackhelm-server ROLE`, with a file for each role.

A role reads settings, composes services and runs them; it must not contain rules of the product.
"""
