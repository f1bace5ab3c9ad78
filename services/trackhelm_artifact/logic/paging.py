"""A directory page by page, for clients that ask for it; stock ones want all of it in one answer."""

from dataclasses import dataclass
from typing import Final

from trackhelm_artifact.logic.files import told
from trackhelm_artifact.logic.paths import decoded, parse_path
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.store import ObjectStore, Page, PageError
from trackhelm_core.search.errors import PageTokenError
from trackhelm_core.search.pages import decode_cursor, encode_cursor, query_digest
from trackhelm_core.validation import check_page_size

PAGE: Final = 1_000
"""Most entries of a page, and how many it has where none is asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of pages: nothing, if it wants all."""

    max_results: int
    page_token: str

    def __bool__(self) -> bool:
        return bool(self.max_results or self.page_token)


async def next_page(objects: ObjectStore, key: ObjectKey, asked: Asked) -> Page:
    """Return a page of a directory; its `rest` is the token of the page behind it. Raises `ApiError`."""
    limit = check_page_size(asked.max_results or PAGE, PAGE)
    digest = query_digest(str(key))
    rest = ""
    if asked.page_token:
        (rest,) = map(str, decode_cursor(asked.page_token, digest, 1))
    try:
        # JSON can spell half of a surrogate pair, which no store can be asked for.
        rest.encode()
        with told():
            page = await objects.page(key, rest, limit)
    except (PageError, UnicodeEncodeError) as error:
        raise PageTokenError("Invalid page token: it is not one that this server gave out") from error
    return Page(page.entries, encode_cursor([page.rest], digest) if page.rest else "")


async def next_page_of_path(objects: ObjectStore, path: str, asked: Asked) -> Page:
    """Return a page of a directory of the store, whose path may be encoded once more: see `list_path`."""
    key = parse_path(path)
    try:
        page = await next_page(objects, key, asked)
    except PageTokenError:
        if (other := parse_path(decoded(path))) == key:
            raise
        return await next_page(objects, other, asked)
    if page.entries or page.rest or (other := parse_path(decoded(path))) == key:
        return page
    return await next_page(objects, other, Asked(asked.max_results, ""))
