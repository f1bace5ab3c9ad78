"""What the parts of `MlflowClient` share: the server that they call, and how its pages are read."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from trackhelm.destinations import Destination, destination_of, get_registry_uri, get_tracking_uri
from trackhelm.entities import PagedList
from trackhelm.rest.transport import Transport

Item = TypeVar("Item")


class ClientBase:
    """The servers of a client."""

    def __init__(self, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        self._tracking_uri = str(tracking_uri) if tracking_uri else get_tracking_uri()
        # A client of another tracking server registers models there as well.
        self._registry_uri = registry_uri or (str(tracking_uri) if tracking_uri else get_registry_uri())

    @property
    def tracking_uri(self) -> str:
        """Where this client logs."""
        return self._tracking_uri

    @property
    def _destination(self) -> Destination:
        return destination_of(self._tracking_uri)

    @property
    def _rest(self) -> Transport:
        return self._destination.transport

    @property
    def _registry(self) -> Transport:
        return destination_of(self._registry_uri).transport


def page(
    answer: Mapping[str, Any], field: str, convert: Callable[[Mapping[str, Any]], Item]
) -> PagedList[Item]:
    """Return a page of what a search answered."""
    return PagedList([convert(item) for item in answer.get(field, ())], answer.get("next_page_token"))


def all_pages(
    search: Callable[[int, str | None], PagedList[Item]], most: int, wanted: int | None
) -> list[Item]:
    """Return what a search finds over all its pages.

    Args:
        search: Returns a page of a number of items at most, after a token.
        most: The items that are asked for at once.
        wanted: Return no more than so many; all of them if it is None.
    """
    found: list[Item] = []
    token: str | None = None
    while wanted is None or len(found) < wanted:
        part = search(most if wanted is None else min(most, wanted - len(found)), token)
        found += part
        token = part.token
        if not token:
            break
    return found


def pairs(values: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Return a dictionary as the API takes tags and params: every value as a text."""
    return [{"key": str(key), "value": str(value)} for key, value in (values or {}).items()]
