"""How nginx serves the files of the web UI: with their types, a compressed form if there is one, and cached.

Paths that belong to the server itself are never looked up as files, so that no file can hide an endpoint. Not
every build of nginx has `gzip_static`, and few have Brotli, so the compressed file beside the original is
chosen here.
"""

from collections.abc import Sequence

from trackhelm_core.gateway.answers import Answers, block
from trackhelm_core.gateway.routing import map_block
from trackhelm_core.http.web_ui import IMMUTABLE, MEDIA_TYPES, SECURITY_HEADERS, built_web_ui
from trackhelm_core.settings import GatewaySettings
from trackhelm_core.settings.process import OWN_ROOTS


def with_built_ui(services: GatewaySettings) -> GatewaySettings:
    """Return the settings with the web UI that was built with this server, if they name no folder.

    It is for a gateway that runs where this server is installed.
    """
    if services.ui_folder is not None:
        return services
    return services.model_copy(update={"ui_folder": built_web_ui()})


def _accepts(coding: str) -> str:
    """Return the pattern of an `Accept-Encoding` that names a coding without giving it the weight 0."""
    return rf"~*(^|,)\s*{coding}\s*(;\s*q=(1|0[.]\d*[1-9])\d*)?\s*(,|$)"


def ui_maps() -> list[str]:
    """Return the maps that choose the form of a file."""
    return [
        *map_block(
            "$http_accept_encoding", "sibling", [(_accepts("br"), ".br"), (_accepts("gzip"), ".gz")], ""
        ),
        *map_block("$uri", "coding", [("~[.]br$", "br"), ("~[.]gz$", "gzip")], ""),
        # The names of files in this folder contain a hash of their contents.
        *map_block("$uri", "cached_for", [("~/assets/", IMMUTABLE)], "no-cache"),
    ]


def ui_locations(folder: str, prefix: str, answers: Answers) -> list[str]:
    """Return the locations of the files in a folder, and of its `index.html` at the prefix itself.

    If there is no such file, a service answers, at `@service`.
    """
    headers = {"Cache_Control": "$cached_for", "Content_Encoding": "$coding"}
    lines: list[str] = []
    ours = "|".join(sorted(root.replace(".", "[.]") for root in OWN_ROOTS))
    for ending, media_type in MEDIA_TYPES.items():
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
        *_served(folder, MEDIA_TYPES["html"], answers, headers),
        "try_files /index.html$sibling /index.html @service;",
    ]
    lines += block(f"location = {prefix}/", index)
    return lines


def _served(folder: str, media_type: str, answers: Answers, headers: dict[str, str]) -> Sequence[str]:
    more = headers | {name.replace("-", "_"): value for name, value in SECURITY_HEADERS.items()}
    return (f'root "{folder}";', "types { }", *answers.headers(media_type, **more, Vary="Accept-Encoding"))
