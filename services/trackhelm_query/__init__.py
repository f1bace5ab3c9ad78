"""The query service: every tracking read. It owns no table and must not write to any.

Layers: `routes` (HTTP) call `logic` (rules), which calls `store` (SQL). `schemas` has the wire types.
"""
