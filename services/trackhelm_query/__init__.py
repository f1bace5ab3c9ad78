"""The query service: every tracking read. It owns no table and writes none.

Layers: `routes` (HTTP) call `logic` (rules), which calls `store` (SQL). `schemas` holds the wire types.
"""
