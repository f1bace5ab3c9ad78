"""The exceptions that are answered to the caller, and MLflow's error codes for them.

Logic raises these; `trackhelm_core.problems` turns them into responses. Must not know an HTTP framework.
"""

from enum import StrEnum
from typing import Final


class ErrorCode(StrEnum):
    """The error codes of MLflow that Trackhelm answers with."""

    BAD_REQUEST = "BAD_REQUEST"
    INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
    RESOURCE_ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
    RESOURCE_DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST"
    ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_CONFLICT = "RESOURCE_CONFLICT"
    NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
    TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
    REQUEST_LIMIT_EXCEEDED = "REQUEST_LIMIT_EXCEEDED"
    RESOURCE_LIMIT_EXCEEDED = "RESOURCE_LIMIT_EXCEEDED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


# The stock client retries 408, 429, 500, 502, 503 and 504 for up to four minutes, but never 501. So no
# permanent failure may have one of the retried statuses.
HTTP_STATUS: Final = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.INVALID_PARAMETER_VALUE: 400,
    ErrorCode.RESOURCE_ALREADY_EXISTS: 400,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.RESOURCE_LIMIT_EXCEEDED: 403,
    ErrorCode.RESOURCE_DOES_NOT_EXIST: 404,
    ErrorCode.ENDPOINT_NOT_FOUND: 404,
    ErrorCode.RESOURCE_CONFLICT: 409,
    ErrorCode.REQUEST_LIMIT_EXCEEDED: 429,
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.NOT_IMPLEMENTED: 501,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 503,
}


class ApiError(Exception):
    """A failure that is answered to the caller, in MLflow's form."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        status: int | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = HTTP_STATUS[code] if status is None else status
        self.retry_after_seconds = retry_after_seconds


class InvalidParameterError(ApiError):
    """The request has a value that is not allowed. The message says which one, and what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_PARAMETER_VALUE, message)


class NotFoundError(ApiError):
    """Something that the request names does not exist, or no longer exists."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_DOES_NOT_EXIST, message)


class AlreadyExistsError(ApiError):
    """The name is taken."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_ALREADY_EXISTS, message)


class PermissionDeniedError(ApiError):
    """The sender of the request may not do this, or not without approval."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.PERMISSION_DENIED, message)


class ConflictError(ApiError):
    """The state that the request assumes is no longer so: sending the request again is no use."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_CONFLICT, message)


class UnauthenticatedError(ApiError):
    """The request does not identify its sender in a form that we understand."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.UNAUTHENTICATED, message)


OUTAGE_RETRY_SECONDS: Final = 5
"""What `Retry-After` says while a database, Redis, a store or a service does not answer.

The stock client asks seven times more: so it bridges half a minute, in which a pod is started again. With one
second it would give up after seven.
"""


class UnavailableError(ApiError):
    """A dependency is unavailable or behind: the same request can be sent again."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(ErrorCode.TEMPORARILY_UNAVAILABLE, message, retry_after_seconds=retry_after_seconds)


class DependencyUnavailableError(Exception):
    """A dependency other than the database is unavailable: the same request can be sent again.

    It is not an `ApiError`, because it is raised far below the API. The code that raises it has logged why.
    """


def missing_parameter(path: str) -> InvalidParameterError:
    """Return the error for a required field that is absent, in MLflow's words (clients match them)."""
    return InvalidParameterError(
        f"Missing value for required parameter '{path}'. "
        "See the API docs for more information about request parameters."
    )
