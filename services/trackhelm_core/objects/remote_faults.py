"""What obstore raises, as the port's errors. The reason is logged here; callers are told no addresses."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError

from trackhelm_core.objects.store import MissingObjectError, StoreFullError, StoreUnavailableError

log = structlog.get_logger(__name__)

_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|The specified bucket does not exist")
_FULL = re.compile(r"InsufficientStorage|StorageFull|QuotaExceeded|status code: 507")
_REFUSED = re.compile(r"status code: 40[13]")
_SHOWN_CHARACTERS: Final = 600


@contextmanager
def told(store: str, on_missing_bucket: Callable[[], None]) -> Iterator[None]:
    """Turn obstore's errors into the port's."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        # The first part is for people; behind it stands how obstore came to it.
        text = str(error).partition("\n\nDebug source:")[0][:_SHOWN_CHARACTERS]
        if _NO_BUCKET.search(text):
            on_missing_bucket()
            raise unavailable(store, "its bucket does not exist", text) from error
        if isinstance(error, FileNotFoundError):
            raise MissingObjectError("There is no such file.") from error
        if _FULL.search(text):
            raise StoreFullError("The artifact store has no room left.") from error
        raise unavailable(store, _reason(error, text), text) from error


def unavailable(store: str, reason: str, answer: str) -> StoreUnavailableError:
    """Log why a store cannot serve, and return the error to raise."""
    log.error("object store unavailable", store=store, reason=reason, answer=answer)
    return StoreUnavailableError("The artifact store is not available. Send the request again.", reason)


def _reason(error: Exception, text: str) -> str:
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(text):
        return "it refuses the server's credentials"
    if isinstance(error, PreconditionError):
        return "a file was replaced while it was read"
    return "it did not answer as it should"
