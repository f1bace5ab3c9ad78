"""A place in a text's tokens. It owns looking, taking and failing; the grammar says what is expected."""

from typing import NoReturn

from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.lexer import Token, TokenKind, tokenize

RESERVED = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "IS", "NULL"})


class Reader:
    """The tokens of one text, taken from left to right; `next` is the one that `take` would give."""

    __slots__ = ("_tokens", "next", "subject")

    def __init__(self, text: str, subject: str) -> None:
        self.subject = subject
        self._tokens = tokenize(text, subject)
        self.next = next(self._tokens)

    def take(self) -> Token:
        """Give the next token and step over it; the end is never stepped over."""
        token = self.next
        if token.kind is not TokenKind.END:
            self.next = next(self._tokens)
        return token

    def take_mark(self, mark: str) -> bool:
        """Step over a parenthesis or comma if it is next."""
        return self._take_if(self.is_mark(mark))

    def is_mark(self, mark: str) -> bool:
        """Whether a parenthesis or comma is next."""
        return self.next.kind is TokenKind.MARK and self.next.text == mark

    def take_keyword(self, keyword: str) -> bool:
        """Step over a keyword, in any case, if it is next."""
        return self._take_if(self.keyword == keyword)

    @property
    def keyword(self) -> str | None:
        """The next token as an upper-case keyword, or None when it is not one."""
        if self.next.kind is not TokenKind.WORD:
            return None
        word = self.next.text.upper()
        return word if word in RESERVED else None

    def touches(self, token: Token) -> bool:
        """Whether the next token begins where `token` ended, with no space between."""
        return self.next.position == token.end

    def expected(self, what: str) -> NoReturn:
        """Refuse the text at the next token."""
        self.fail(f"expected {what}, got {self.next}", self.next.position)

    def fail(self, reason: str, position: int, lead: str = "") -> NoReturn:
        """Refuse the text; the message begins with `lead`, if given."""
        raise SearchSyntaxError(reason, position, self.subject, lead)

    def _take_if(self, condition: bool) -> bool:  # noqa: FBT001  # private, and always called with the test itself
        if condition:
            self.take()
        return condition
