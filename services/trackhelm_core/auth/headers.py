"""Headers as they came in: every value of a name, in bytes, because their encoding is the caller's choice."""

from starlette.types import Scope


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Return the values of a header, whose name is given in lower case."""
    return [value for given, value in scope["headers"] if given == name]
