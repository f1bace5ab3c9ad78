"""Files of the web UI as nginx serves them: with their types, compressed where they lie so, and cached.

They are not looked for where the server's own paths begin, so that no file can hide an endpoint. Not every
build of nginx has `gzip_static`, and few have one for Brotli: the sibling that a caller takes is named here.
"""

from collections.abc import Sequence
from typing import Final

from trackhelm_core.gateway.answers import Answers, block
from trackhelm_core.gateway.routing import map_block
from trackhelm_core.settings.process import OWN_ROOTS

_TYPES: Final = {
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
"""A file's type by the end of its name. Files of other names are not served."""


def _accepts(coding: str) -> str:
    """Return what matches an `Accept-Encoding` that takes a coding, and does not give it the weight 0."""
    return rf"~*(^|,)\s*{coding}\s*(;\s*q=(1|0[.]\d*[1-9])\d*)?\s*(,|$)"


def ui_maps() -> list[str]:
    """Return the maps that choose a file's form."""
    return [
        *map_block(
            "$http_accept_encoding", "sibling", [(_accepts("br"), ".br"), (_accepts("gzip"), ".gz")], ""
        ),
        *map_block("$uri", "coding", [("~[.]br$", "br"), ("~[.]gz$", "gzip")], ""),
        # Names in this folder have a hash of what is in the file.
        *map_block("$uri", "cached_for", [("~/assets/", "public, max-age=31536000, immutable")], "no-cache"),
    ]


def ui_locations(folder: str, prefix: str, answers: Answers) -> list[str]:
    """Return the locations of files in a folder, and of its `index.html` at the prefix itself.

    What is not there is the services' to answer, at `@service`.
    """
    headers = {"Cache_Control": "$cached_for", "Content_Encoding": "$coding"}
    lines: list[str] = []
    ours = "|".join(sorted(root.replace(".", "[.]") for root in OWN_ROOTS))
    for ending, media_type in _TYPES.items():
        lines += block(
            f'location ~ "^{prefix.replace(".", "[.]")}(?<file>/(?!({ours})(/|$)).*[.]{ending})$"',
            [
                *answers.only_reads(),
                *_served(folder, media_type, answers, headers),
                "try_files $file$sibling $file @service;",
            ],
        )
    index = [
        *answers.only_reads(),
        *_served(folder, _TYPES["html"], answers, headers),
        "try_files /index.html$sibling /index.html @service;",
    ]
    lines += block(f"location = {prefix}/", index)
    return lines


def _served(folder: str, media_type: str, answers: Answers, headers: dict[str, str]) -> Sequence[str]:
    return (f'root "{folder}";', "types { }", *answers.headers(media_type, **headers, Vary="Accept-Encoding"))
