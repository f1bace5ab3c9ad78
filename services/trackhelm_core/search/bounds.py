"""How large a search may be. It owns the numbers only; the modules that read text enforce them.

The numbers keep every accepted search inside what both databases and Python's own stack take: SQLite
refuses an expression deeper than 1,000 levels, a statement with more than 32,766 parameters and a LIKE
pattern over 50,000 bytes.
"""

MAX_TEXT_LENGTH = 1_000_000
"""Characters of one filter: room for the longest allowed list of quoted run ids."""

MAX_DEPTH = 16
"""Nested parentheses and NOTs: the parser of SQLite before 3.46 has 100 places, three a parenthesis."""

MAX_COMPARISONS = 200
"""Comparisons in one filter: each may become a subquery."""

MAX_VALUES = 20_000
"""Values in one filter, those in lists included: each becomes a parameter of the statement."""

MAX_PATTERN_LENGTH = 8_192
"""Characters of one LIKE or ILIKE pattern: at four bytes each still below SQLite's limit."""

MAX_NUMBER_LENGTH = 100
"""Characters of one number: every int64 and double fits, and no integer too large for a double."""

MAX_ORDER_TERMS = 32
"""Items of one order_by."""

MAX_TOKEN_LENGTH = 1_000_000
"""Characters of one page token: room for a row sorted by many long params."""

INT64 = range(-(2**63), 2**63)
"""The integers that both databases take as a parameter."""
