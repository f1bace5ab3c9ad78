"""Parts of MLflow's API that Trackhelm does not offer, and the answer that says so.

Only a path that no route serves is looked up here, so that a served request pays nothing, and a part
that is built one day wins over its line here. The answer is 501: the stock client never repeats it, as it
would any other 5xx for minutes, and tries no older endpoint, as it would after ENDPOINT_NOT_FOUND.
"""

import re
from dataclasses import dataclass
from typing import Final

from trackhelm_core.errors import ApiError, ErrorCode


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A part of MLflow's API: its name in a message, and the paths that begin it.

    `paths` are below `/mlflow` of any version of the API, for Python clients and browsers;
    `root_paths` are whole.
    """

    name: str
    paths: tuple[str, ...] = ()
    root_paths: tuple[str, ...] = ()


NOT_OFFERED: Final = (
    NotOffered(
        "traces and assessments",
        (
            "traces",
            "unified-traces",
            "tracing",
            "get-trace-artifact",
            "get-online-trace-details",
        ),
        ("/v1/traces",),
    ),
    NotOffered("evaluation datasets", ("datasets",)),
    NotOffered("scorers and GenAI evaluation", ("scorers", "scorer", "genai")),
    NotOffered("issues", ("issues",)),
    NotOffered("label schemas", ("label-schemas",)),
    NotOffered("review queues", ("review-queues",)),
    NotOffered("prompt optimization", ("prompt-optimization",)),
    NotOffered("the AI gateway", ("gateway", "gateway-proxy"), ("/gateway",)),
    NotOffered("the assistant", ("assistant",)),
    NotOffered("the registry of MCP servers", ("mcp-servers",)),
    NotOffered("the registry of skills", ("skills",)),
    NotOffered("workspaces", ("workspaces",)),
    NotOffered("jobs", ("jobs",), ("/ajax-api/3.0/jobs",)),
    NotOffered("the prompt lab", ("runs/create-promptlab-run",)),
    NotOffered("the demo", ("demo",)),
    NotOffered("telemetry of the UI", ("ui-telemetry",)),
    NotOffered("GraphQL", (), ("/graphql",)),
)
"""Every part, each with paths that no other has."""

_VERSION = r"/(?:ajax-)?api/\d\.\d/mlflow/"
_PATHS: Final = {path: part for part in NOT_OFFERED for path in (*part.paths, *part.root_paths)}
_PATTERN: Final = re.compile(
    "(?:{}(?P<path>{})|(?P<root_path>{}))(?:/.*)?".format(
        _VERSION,
        "|".join(re.escape(path) for part in NOT_OFFERED for path in part.paths),
        "|".join(re.escape(path) for part in NOT_OFFERED for path in part.root_paths),
    ),
    re.DOTALL,
)


def part_not_offered(path: str) -> NotOffered | None:
    """Return the part of MLflow's API that a request's path belongs to, if it is one of these."""
    found = _PATTERN.fullmatch(path)
    return _PATHS[found["path"] or found["root_path"]] if found else None


def not_offered(part: NotOffered, asked: str) -> ApiError:
    """Return the error for a request (its method and path) of a part that is not offered."""
    return ApiError(
        ErrorCode.NOT_IMPLEMENTED, f"Trackhelm does not offer {part.name}: nothing answers {asked}."
    )
