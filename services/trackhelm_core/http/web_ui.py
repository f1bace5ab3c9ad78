"""The web UI's files at `/`: with their types, in a compressed form if there is one, and cached.

The folder `web_ui` beside this module is what `make ui` builds; a wheel carries it. Addresses of the pages
lie in the part after `#`, which a browser does not send, so `/` is the server's only page. The gateway of a
stack serves the same files by nginx (`trackhelm_core.gateway.static_files`).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB_UI_FOLDER: Final = Path(__file__).with_name("web_ui")
"""The folder of the built files; it is missing if they were not built."""

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "wasm": "application/wasm",
}
"""The type of a file by the end of its name. Files with other names are not served."""

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; frame-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "same-origin",
}
"""What a browser may do with the pages: nothing is loaded from another origin, and no script is inline."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""How long a file is cached whose name has a hash of its contents."""

_CODINGS: Final = (("br", ".br"), ("gzip", ".gz"))

_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Trackhelm</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em;
  color-scheme: light dark }
</style>
<h1>Trackhelm</h1>
<p>The server runs, but the files of its web UI were not built with it. <code>make ui</code> in a checkout of
the source builds them; then start the server again.</p>
<p>The API is described at <a href="docs">docs</a>. Clients work without the web UI.</p>
</html>
"""


def accepts(accepted: str, coding: str) -> bool:
    """Return whether an `Accept-Encoding` names a coding without giving it the weight 0."""
    found = re.search(rf"(?:^|,)\s*{coding}\s*(?:;\s*q=([0-9.]+)\s*)?(?:,|$)", accepted, re.IGNORECASE)
    return found is not None and (found[1] is None or float(found[1]) > 0)


class _Files(StaticFiles):
    """The files of the folder, each in the best form that the caller accepts."""

    def __init__(self, folder: Path, cache_control: str) -> None:
        super().__init__(directory=folder)
        self._cache_control = cache_control

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or raise the 404 of the framework."""
        media_type = MEDIA_TYPES.get(path.rpartition(".")[2])
        if media_type is None:
            raise HTTPException(404)
        accepted = Headers(scope=scope).get("accept-encoding", "")
        for coding, ending in _CODINGS:
            if accepts(accepted, coding):
                try:
                    return self._described(
                        await super().get_response(path + ending, scope), media_type, coding
                    )
                except HTTPException as error:
                    if error.status_code != 404:  # noqa: PLR2004
                        raise
        return self._described(await super().get_response(path, scope), media_type, None)

    def _described(self, response: Response, media_type: str, coding: str | None) -> Response:
        if "content-type" in response.headers:
            response.headers["Content-Type"] = media_type
        if coding:
            response.headers["Content-Encoding"] = coding
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = self._cache_control
        response.headers.update(SECURITY_HEADERS)
        return response


class _PrefixAlone(Route):
    """The prefix without its last slash, from which a browser would resolve addresses a folder too high."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the path is the prefix and nothing more."""
        if scope["type"] == "http" and scope["path"] and scope["path"] == scope.get("root_path"):
            return super().matches({**scope, "path": scope["path"] + "/"})
        return Match.NONE, {}


async def _to_the_root(request: Request) -> Response:
    return RedirectResponse(request.scope["root_path"] + "/", 307)


def built_web_ui() -> Path | None:
    """Return the folder of the files that were built with this server, None if they were not."""
    return WEB_UI_FOLDER if (WEB_UI_FOLDER / "index.html").is_file() else None


def web_ui_routes(folder: Path = WEB_UI_FOLDER) -> list[BaseRoute]:
    """Return the routes of the web UI's files, or of a page that says that there are none."""
    if not (folder / "index.html").is_file():
        return [Route("/", _not_built)]
    files = _Files(folder, "no-cache")

    async def file(request: Request) -> Response:
        name = request.scope["path"].removeprefix(request.scope.get("root_path", "")).strip("/")
        return await files.get_response(name or "index.html", request.scope)

    others = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.suffix.lstrip(".") in MEDIA_TYPES and entry.name != "index.html"
    )
    return [
        Route("/", file),
        _PrefixAlone("/", _to_the_root),
        *(Route(f"/{name}", file) for name in others),
        Mount("/assets", _Files(folder / "assets", IMMUTABLE)),
    ]


async def _not_built(_request: Request) -> Response:
    return HTMLResponse(_NOT_BUILT, headers=dict(SECURITY_HEADERS))
