"""The one place where a failure becomes a response: MLflow's form, never a stack trace."""

import http
import re
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from trackhelm_core.db.engine import database_failure
from trackhelm_core.errors import (
    OUTAGE_RETRY_SECONDS,
    ApiError,
    DependencyUnavailableError,
    ErrorCode,
    InvalidParameterError,
    UnavailableError,
)
from trackhelm_core.search.text import PageTokenError, SearchSyntaxError
from trackhelm_core.wire.arguments import request_violation
from trackhelm_core.wire.replies import JSON_MEDIA_TYPE, ErrorReply, encode
from trackhelm_core.wire.requests import inner_path

log = structlog.get_logger(__name__)

# Parts of MLflow's API that Trackhelm does not offer, and the answer that says so.
#
# Only a path without a route is looked up here, so that other requests pay nothing, and a route that is added
# later takes precedence. The answer is 501: the stock client does not retry it (it retries any other 5xx for
# minutes), and does not try an older endpoint (as it does after ENDPOINT_NOT_FOUND).


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A part of MLflow's API: its name in a message, and the paths with which it begins.

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
    NotOffered("jobs", ("jobs",), ("/ajax-api/3.0/jobs",)),
    NotOffered("the prompt lab", ("runs/create-promptlab-run",)),
    NotOffered("the demo", ("demo",)),
    NotOffered("telemetry of the UI", ("ui-telemetry",)),
    NotOffered("GraphQL", (), ("/graphql",)),
)
"""Every part that is not offered. No path belongs to two parts."""

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
    """Return the part of MLflow's API to which a request's path belongs; None if it is none of these."""
    found = _PATTERN.fullmatch(path)
    return _PATHS[found["path"] or found["root_path"]] if found else None


def not_offered(part: NotOffered, asked: str) -> ApiError:
    """Return the error for a request of a part that is not offered; `asked` is its method and path."""
    return ApiError(
        ErrorCode.NOT_IMPLEMENTED, f"Trackhelm does not offer {part.name}: nothing answers {asked}."
    )


# The answer to each kind of failure.


def problem(error: ApiError) -> Response:
    """Return the response for an error."""
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.code is ErrorCode.UNAUTHENTICATED:
        # HTTP requires it with a 401; a browser then asks for a name and a password.
        headers["WWW-Authenticate"] = 'Basic realm="Trackhelm", charset="UTF-8"'
    body = encode(ErrorReply(error_code=error.code.value, message=error.message))
    return Response(body, status_code=error.status, headers=headers, media_type=JSON_MEDIA_TYPE)


def failure_outside(error: Exception) -> Response | None:
    """Return the response for a failure outside of the application's routes; None if it is a defect."""
    if isinstance(error, ApiError):
        return problem(error)
    answer = database_failure(error) if isinstance(error, SQLAlchemyError) else None
    return None if answer is None else problem(answer)


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return problem(error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(request_violation(error.errors()[0]))


async def _on_invalid_search(request: Request, error: Exception) -> Response:
    return problem(InvalidParameterError(f"{error}."))


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Answer a request that the framework refuses: an unknown path, a wrong method, too large a body."""
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {request.url.path}"
    match error.status_code:
        case http.HTTPStatus.NOT_FOUND:
            part = part_not_offered(inner_path(request.scope))
            answer = (
                not_offered(part, asked)
                if part
                else ApiError(ErrorCode.ENDPOINT_NOT_FOUND, f"No endpoint answers {asked}.")
            )
        case http.HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("Allow", "other methods")
            answer = ApiError(
                ErrorCode.BAD_REQUEST, f"{asked} is not allowed: use {allowed}.", status=error.status_code
            )
        case status:
            answer = ApiError(ErrorCode.BAD_REQUEST, f"{asked}: {error.detail}", status=status)
    response = problem(answer)
    response.headers.update(error.headers or {})
    return response


async def _on_database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SQLAlchemyError)
    answer = database_failure(error)
    if answer is None:
        raise error
    log.error("database failure", path=request.url.path, answered=answer.status, exc_info=error)
    return problem(answer)


async def _on_dependency_unavailable(request: Request, error: Exception) -> Response:
    # The code that raised it has logged why.
    return problem(UnavailableError(str(error), retry_after_seconds=OUTAGE_RETRY_SECONDS))


def defect(method: str, path: str) -> Response:
    """Return the response for an unexpected exception."""
    return problem(
        ApiError(
            ErrorCode.INTERNAL_ERROR,
            f"{method} {path} failed by a defect of the server. "
            "Its log has the details under this answer's X-Request-Id.",
        )
    )


def install_problem_handlers(app: Starlette) -> None:
    """Make the application answer every failure in MLflow's form."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(SearchSyntaxError, _on_invalid_search)
    app.add_exception_handler(PageTokenError, _on_invalid_search)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(SQLAlchemyError, _on_database_error)
    app.add_exception_handler(DependencyUnavailableError, _on_dependency_unavailable)
