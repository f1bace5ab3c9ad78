"""`/docs`: the API for a person with a browser, by a copy of Swagger UI that the server brings with it.

Nothing of the page is at an address outside of the server, and the browser is told to ask for nothing there.
`swagger_ui` holds the page, and beside it files of the npm package `swagger-ui-dist` as they were published
(but for the address of a source map, which is not shipped) with its licences.
"""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_FILES: Final = Path(__file__).with_name("swagger_ui")

# Swagger UI sets styles on what it draws, and has its icons in its style sheet.
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


async def _page(_request: Request) -> Response:
    return FileResponse(_FILES / "page.html", headers={"Content-Security-Policy": _POLICY})


def api_page_routes() -> list[BaseRoute]:
    """Return the routes of the page and its files; the page reads `/openapi.json` of the same server."""
    return [Route("/docs", _page), Mount("/docs/static", StaticFiles(directory=_FILES))]
