"""A page of a directory, of a store that knows no other place in it than a name."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from trackhelm_core.objects.store import Entry, Page


async def page_behind(pages: AsyncGenerator[Sequence[Entry]], name: str, limit: int) -> Page:
    """Return the next entries behind a name, from all that a directory holds in order of names."""
    found: list[Entry] = []
    async with aclosing(pages):
        async for page in pages:
            for entry in page:
                if entry.name <= name:
                    continue
                if len(found) == limit:
                    return Page(found, found[-1].name)
                found.append(entry)
    return Page(found, "")
