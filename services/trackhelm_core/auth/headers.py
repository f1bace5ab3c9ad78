"""Headers as they came in: every value of a name, in bytes, because their encoding is the caller's choice."""

from starlette.types import Scope


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Return the values of a header, whose name is given in lower case."""
    return [value for given, value in scope["headers"] if given == name]


def first_value(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header, whose name is given in lower case."""
    # A loop: every request comes by, and a generator for it takes three times as long.
    for given, value in scope["headers"]:
        if given == name:
            return bytes(value)
    return None
