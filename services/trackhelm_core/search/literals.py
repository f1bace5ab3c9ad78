"""Reading one literal: a quoted string or a number. It owns what a number looks like, inf and nan too."""

import math
import re

from trackhelm_core.search.bounds import MAX_NUMBER_LENGTH
from trackhelm_core.search.expression import Scalar
from trackhelm_core.search.lexer import Token, TokenKind
from trackhelm_core.search.reader import Reader

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NON_FINITE = re.compile(r"(?P<sign>[+-]?)(?:inf|infinity)|[+-]?nan", re.IGNORECASE)


def read_literal(reader: Reader, after: str) -> Scalar:
    """Take a quoted string or a number."""
    token = reader.next
    number = _number(token, reader)
    if number is not None:
        reader.take()
        return number
    return read_string(reader, after, "a quoted string or a number")


def read_string(reader: Reader, after: str, what: str = "a quoted string") -> str:
    """Take a string in single or double quotes."""
    token = reader.next
    if token.kind is not TokenKind.QUOTED or token.quote == "`":
        reader.expected(f"{what} after {after}")
    return reader.take().text


def _number(token: Token, reader: Reader) -> int | float | None:
    if token.kind is not TokenKind.WORD:
        return None
    if non_finite := _NON_FINITE.fullmatch(token.text):
        sign = non_finite["sign"]
        return math.nan if sign is None else math.copysign(math.inf, -1 if sign == "-" else 1)
    if not _DECIMAL.fullmatch(token.text):
        return None
    if len(token.text) > MAX_NUMBER_LENGTH:
        reader.fail(f"a number may have at most {MAX_NUMBER_LENGTH} characters", token.position)
    if _INTEGER.fullmatch(token.text):
        return int(token.text)
    number = float(token.text)
    if math.isinf(number):
        reader.fail(f"{token} is too large for a 64-bit float; infinity is written inf", token.position)
    return number
