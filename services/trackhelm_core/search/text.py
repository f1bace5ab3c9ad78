"""The text of a search: its limits, its tokens, and the errors with which it is refused.

Must not give a token a meaning, which the grammar does, or know HTTP.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

# How large a search may be.
#
# The numbers keep every accepted search within the limits of both databases and of Python's stack: SQLite
# refuses an expression deeper than 1,000 levels, a statement with more than 32,766 parameters, and a LIKE
# pattern over 50,000 bytes.

MAX_TEXT_LENGTH = 1_000_000
"""Characters of one filter: enough for the longest allowed list of quoted run ids."""

MAX_DEPTH = 16
"""Nested parentheses and NOTs: SQLite's parser before 3.46 has a stack of 100, and uses 3 for each."""

MAX_COMPARISONS = 200
"""Comparisons in one filter: each may become a subquery."""

MAX_VALUES = 20_000
"""Values in one filter, those in lists included: each becomes a parameter of the statement."""

MAX_PATTERN_LENGTH = 8_192
"""Characters of one LIKE or ILIKE pattern: at four bytes each still below SQLite's limit."""

MAX_NUMBER_LENGTH = 100
"""Characters of one number: enough for every int64 and double, too few for an integer beyond a double."""

MAX_ORDER_TERMS = 32
"""Items of one order_by."""

MAX_TOKEN_LENGTH = 1_000_000
"""Characters of one page token: enough for a row that is sorted by many long params."""

INT64 = range(-(2**63), 2**63)
"""The integers that both databases accept as a parameter."""


# The errors of a search; `trackhelm_core.problems` turns them into responses.

_SHOWN: Final = 80

FILTER: Final = "clause(s) in filter string"
"""How messages call a filter: they begin with `Invalid clause(s) in filter string`, as MLflow's do."""


COMPARATOR_WORDS: Final = "Invalid comparator '{operator}'"
"""How the message of a wrong operator begins; a template of `field`, `kind` and `operator`."""


def clause(item: str) -> str:
    """Return how messages call an item of order_by."""
    text = item if len(item) <= _SHOWN else f"{item[:_SHOWN]}…"
    return f"order_by clause '{text}'"


class SearchSyntaxError(ValueError):
    """A filter or an order that cannot be parsed, or is not valid for its entity.

    `position` is the offset, from 0, of the first wrong character in the text that `subject` names. `lead` is
    the beginning of the message if MLflow's differs for this violation, because clients match it.
    """

    def __init__(self, reason: str, position: int, subject: str = FILTER, lead: str = "") -> None:
        super().__init__(f"{lead or f'Invalid {subject}'} at position {position}: {reason}")
        self.reason = reason
        self.position = position
        self.subject = subject


class PageTokenError(ValueError):
    """A page token that this server did not make, or that it made for another query."""


# Text to tokens with their positions: quoting and escapes.
#
# A word is a sequence of characters other than spaces, quotes, parentheses, commas and comparison signs, so
# that `metrics.train/loss-1` needs no quotes. Its place in the text decides whether it is a key, a keyword or
# a number.

# No database driver accepts these characters in a parameter. They are refused here, before a statement fails.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PIECE = re.compile(r"""(?P<space>\s+)|(?P<word>[^\s'"`(),;=<>!]+)|(?P<sign>[=<>!]+)|(?P<mark>[(),])""")
_SHOWN_OF_TOKEN = 40


class TokenKind(StrEnum):
    """The kind of a token, which does not depend on its place in the text."""

    WORD = "word"
    QUOTED = "quoted"
    SIGN = "sign"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """The text from `position` up to `end`. For a quoted token, `text` is the text that the quotes mean."""

    kind: TokenKind
    text: str
    position: int
    end: int
    quote: str = ""

    def __str__(self) -> str:
        """Return the token as an error message shows it."""
        if self.kind is TokenKind.END:
            return "the end of the text"
        text = self.text if len(self.text) <= _SHOWN_OF_TOKEN else f"{self.text[:_SHOWN_OF_TOKEN]}..."
        return f"{self.quote}{text}{self.quote}"


def is_storable(text: str) -> bool:
    """Return whether a database driver accepts the text as a parameter."""
    return _UNSTORABLE.search(text) is None


def tokenize(text: str, subject: str = FILTER) -> Iterator[Token]:
    """Yield the tokens of a text one by one, so that a text that is refused early costs little.

    The last one is always `END`.
    """
    if len(text) > MAX_TEXT_LENGTH:
        reason = f"the text has {len(text)} characters; at most {MAX_TEXT_LENGTH} are allowed"
        raise SearchSyntaxError(reason, MAX_TEXT_LENGTH, subject)
    if unstorable := _UNSTORABLE.search(text):
        reason = "the text holds a NUL or half of a surrogate pair, which no stored value can"
        raise SearchSyntaxError(reason, unstorable.start(), subject)
    position = 0
    while position < len(text):
        if text[position] in "'\"`":
            token = _quoted(text, position, subject)
            yield token
            position = token.end
            continue
        piece = _PIECE.match(text, position)
        if piece is None:
            reason = f"unexpected character {text[position]}; a key that holds it goes in back-ticks"
            several = subject == FILTER and text[position] == ";" and text[position + 1 :].strip()
            lead = "Search filter contained multiple expression" if several else ""
            raise SearchSyntaxError(reason, position, subject, lead)
        if piece.lastgroup != "space":
            yield Token(TokenKind(piece.lastgroup or ""), piece.group(), position, piece.end())
        position = piece.end()
    yield Token(TokenKind.END, "", position, position)


def _quoted(text: str, start: int, subject: str) -> Token:
    r"""Read a quoted token.

    A quote inside is written twice. `\'` is a quote, too, but only where the string cannot end anyway,
    because LIKE patterns and Windows paths may end in a backslash. Any other backslash is an ordinary
    character.
    """
    quote = text[start]
    parts: list[str] = []
    begin = start + 1
    while (found := text.find(quote, begin)) >= 0:
        following = text[found + 1 : found + 2]
        if following == quote:
            parts.append(text[begin : found + 1])
            begin = found + 2
        elif quote != "`" and found > begin and text[found - 1] == "\\" and not _may_follow(following):
            parts.append(text[begin : found - 1] + quote)
            begin = found + 1
        else:
            parts.append(text[begin:found])
            return Token(TokenKind.QUOTED, "".join(parts), start, found + 1, quote)
    reason = f"the {quote} opened here is never closed; inside quotes, a {quote} is written twice"
    raise SearchSyntaxError(reason, start, subject)


def _may_follow(character: str) -> bool:
    return not character or character.isspace() or character in "),"


# Reading the tokens of a text. The grammar says which token is expected.

RESERVED = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "IS", "NULL"})


class Reader:
    """The tokens of one text, read from left to right. `next` is the token that `take` would return."""

    __slots__ = ("_tokens", "next", "subject")

    def __init__(self, text: str, subject: str) -> None:
        self.subject = subject
        self._tokens = tokenize(text, subject)
        self.next = next(self._tokens)

    def take(self) -> Token:
        """Return the next token and step over it; the end is never stepped over."""
        token = self.next
        if token.kind is not TokenKind.END:
            self.next = next(self._tokens)
        return token

    def take_mark(self, mark: str) -> bool:
        """Step over a parenthesis or comma if it is next."""
        return self._take_if(self.is_mark(mark))

    def is_mark(self, mark: str) -> bool:
        """Return whether a parenthesis or comma is next."""
        return self.next.kind is TokenKind.MARK and self.next.text == mark

    def take_keyword(self, keyword: str) -> bool:
        """Step over a keyword, in any case, if it is next."""
        return self._take_if(self.keyword == keyword)

    @property
    def keyword(self) -> str | None:
        """Return the next token as an upper-case keyword, or None if it is not a keyword."""
        if self.next.kind is not TokenKind.WORD:
            return None
        word = self.next.text.upper()
        return word if word in RESERVED else None

    def touches(self, token: Token) -> bool:
        """Return whether the next token begins where `token` ends, with no space between."""
        return self.next.position == token.end

    def expected(self, what: str) -> NoReturn:
        """Refuse the text at the next token."""
        self.fail(f"expected {what}, got {self.next}", self.next.position)

    def fail(self, reason: str, position: int, lead: str = "") -> NoReturn:
        """Refuse the text; the message begins with `lead`, if given."""
        raise SearchSyntaxError(reason, position, self.subject, lead)

    def _take_if(self, condition: bool) -> bool:  # noqa: FBT001  # private, and always called with a test
        if condition:
            self.take()
        return condition
