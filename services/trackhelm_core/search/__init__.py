"""The search grammar of every search endpoint: text to expression to SQL, and the pages of a result.

Must not know a table. A service describes its entity with `entity.EntitySearch`, parses with
`grammar.parse_filter` and compiles with `compile.compile_filter`. Parsing imports no SQLAlchemy.
"""
