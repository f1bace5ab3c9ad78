"""Text to tokens with their positions. It owns quoting and escapes; it gives no token a meaning.

A word is any run of characters that is not space, quote, parenthesis, comma or comparison sign, so that
`metrics.train/loss-1` needs no quotes. Where a word stands says if it is a key, a keyword or a number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trackhelm_core.search.bounds import MAX_TEXT_LENGTH
from trackhelm_core.search.errors import FILTER, SearchSyntaxError

# No database driver carries these in a parameter: refused here, they cannot fail a statement later.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PIECE = re.compile(r"""(?P<space>\s+)|(?P<word>[^\s'"`(),;=<>!]+)|(?P<sign>[=<>!]+)|(?P<mark>[(),])""")
_SHOWN = 40


class TokenKind(StrEnum):
    """What a token is, before its place says what it means."""

    WORD = "word"
    QUOTED = "quoted"
    SIGN = "sign"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text from `position` up to `end`; of a quoted piece, `text` is what the quotes mean."""

    kind: TokenKind
    text: str
    position: int
    end: int
    quote: str = ""

    def __str__(self) -> str:
        """Give the token as an error message shows it."""
        if self.kind is TokenKind.END:
            return "the end of the text"
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        return f"{self.quote}{text}{self.quote}"


def is_storable(text: str) -> bool:
    """Whether a database driver takes the text as a parameter."""
    return _UNSTORABLE.search(text) is None


def tokenize(text: str, subject: str = FILTER) -> Iterator[Token]:
    """Give the tokens of a text as they are asked for, so that a text refused early costs little.

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
            raise SearchSyntaxError(reason, position, subject)
        if piece.lastgroup != "space":
            yield Token(TokenKind(piece.lastgroup or ""), piece.group(), position, piece.end())
        position = piece.end()
    yield Token(TokenKind.END, "", position, position)


def _quoted(text: str, start: int, subject: str) -> Token:
    r"""Read a quoted piece.

    A quote inside is written twice. `\'` is a quote too, but only where the string could not end anyway: LIKE
    patterns and Windows paths end in a backslash. No other backslash means anything.
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
