"""What a caller's search text can be refused with. It knows no HTTP; the edge maps these to a status."""

from typing import Final

_SHOWN: Final = 80

FILTER: Final = "clause(s) in filter string"
"""What messages call a filter: they begin with `Invalid clause(s) in filter string`, as MLflow's do."""


def clause(item: str) -> str:
    """Return what messages call an item of order_by."""
    text = item if len(item) <= _SHOWN else f"{item[:_SHOWN]}…"
    return f"order_by clause {text!r}"


class SearchSyntaxError(ValueError):
    """A filter or an order that cannot be understood or is not valid for its entity.

    `position` is the offset, from 0, of the offending character in the text that `subject` names. `lead` is
    how the message begins where MLflow's words for the same fault are others: clients match them.
    """

    def __init__(self, reason: str, position: int, subject: str = FILTER, lead: str = "") -> None:
        super().__init__(f"{lead or f'Invalid {subject}'} at position {position}: {reason}")
        self.reason = reason
        self.position = position
        self.subject = subject


class PageTokenError(ValueError):
    """A page token that this server did not make, or made for another query."""
