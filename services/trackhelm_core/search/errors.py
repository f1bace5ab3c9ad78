"""What a caller's search text can be refused with. It knows no HTTP; the edge maps these to a status."""


class SearchSyntaxError(ValueError):
    """A filter or an order that cannot be understood or is not valid for its entity.

    `position` is the offset, from 0, of the offending character in the text that `subject` names.
    """

    def __init__(self, reason: str, position: int, subject: str = "filter") -> None:
        super().__init__(f"Invalid {subject} at position {position}: {reason}")
        self.reason = reason
        self.position = position
        self.subject = subject


class PageTokenError(ValueError):
    """A page token that this server did not make, or made for another query."""
