"""A listing whose store fails in its middle has no end."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio

from trackhelm_artifact.files.routes import listing_response
from trackhelm_artifact.objects.store import Entry, StoreUnavailableError


async def failing() -> AsyncIterator[Sequence[Entry]]:
    yield [Entry("a", 1)]
    yield [Entry("b", 2)]
    raise StoreUnavailableError("The store is away.")


def test_a_listing_whose_store_goes_away_is_cut_without_a_fault_of_the_server() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    async def scenario() -> None:
        response = await listing_response(failing())
        await response({"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}, receive, send)

    anyio.run(scenario)
    body = b"".join(message.get("body", b"") for message in sent)
    assert body.startswith(b'{"files":[{"path":"a",')
    assert b'{"path":"b",' in body
    assert not body.endswith(b"]}")
    assert all(message["more_body"] for message in sent[1:]), "what is cut must not look whole"
