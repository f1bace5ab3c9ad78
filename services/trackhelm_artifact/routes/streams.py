"""Answers that are sent as the store is read, and end where it fails."""

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from trackhelm_core.objects.store import StoreUnavailableError


class StoreResponse(StreamingResponse):
    """Sends what the store gives; where it fails to give the end, the answer is cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; an answer that is cut has no end, so that nobody takes it for whole."""
        try:
            await super().__call__(scope, receive, send)
        except StoreUnavailableError:
            # Too late for a status. The store's failure is logged, and the HTTP server closes the connection.
            return
