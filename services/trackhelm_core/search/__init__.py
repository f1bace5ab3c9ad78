"""The product's one search grammar: text to expression to SQL, and the order and pages of a result.

It owns no table. A service describes its entity with `entity.EntitySearch`, parses with
`grammar.parse_filter` and compiles with `compile.compile_filter`. Parsing imports no SQLAlchemy.
"""
