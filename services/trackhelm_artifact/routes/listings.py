"""The answer that lists a directory: a page, or all of it, written as it is read, for it has no bound."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from fastapi import Response

from trackhelm_artifact.logic.files import Pages
from trackhelm_artifact.routes.streams import StoreResponse
from trackhelm_artifact.schemas.listings import DirectoryListing, EntityListing, FileInfo
from trackhelm_core.objects.store import Entry, Page
from trackhelm_core.wire.replies import JSON_MEDIA_TYPE, encode, reply

_BEGIN: Final = b'{"files":['
_END: Final = b"]}"


async def listing_response(pages: Pages, *, root_uri: str | None = None, prefix: str = "") -> Response:
    """Return the answer that lists a directory, each path led by `prefix`; an entity's has its `root_uri`."""
    first: Sequence[Entry] = await anext(pages, [])
    second = await anext(pages, None)
    if second is not None:
        return StoreResponse(_written(root_uri, [first, second], pages, prefix), media_type=JSON_MEDIA_TYPE)
    return page_response(Page(first, ""), root_uri=root_uri, prefix=prefix)


def page_response(page: Page, *, root_uri: str | None = None, prefix: str = "") -> Response:
    """Return the answer that lists a page of a directory, likewise."""
    files = _infos(page.entries, prefix)
    if root_uri is None:
        return reply(DirectoryListing(files=files, next_page_token=page.rest))
    return reply(EntityListing(root_uri=root_uri, files=files, next_page_token=page.rest))


async def _written(
    root_uri: str | None, begun: Sequence[Sequence[Entry]], rest: Pages, prefix: str
) -> AsyncIterator[bytes]:
    """Yield the same JSON as a listing in one piece has. Should the store fail, the answer breaks off."""
    yield b"{" if root_uri is None else encode(EntityListing(root_uri=root_uri)).removesuffix(b"}") + b","
    yield b'"files":['
    between = b""
    async for page in _chained(begun, rest):
        if page:
            listed = encode(DirectoryListing(files=_infos(page, prefix)))
            yield between + listed.removeprefix(_BEGIN).removesuffix(_END)
            between = b","
    yield _END


async def _chained(begun: Sequence[Sequence[Entry]], rest: Pages) -> Pages:
    for page in begun:
        yield page
    async for page in rest:
        yield page


def _infos(entries: Sequence[Entry], prefix: str) -> list[FileInfo]:
    return [
        FileInfo(path=prefix + entry.name, is_dir=entry.is_dir, file_size=entry.size or 0)
        for entry in entries
    ]
