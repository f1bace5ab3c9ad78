"""The one exception that carries an answer to the caller, and MLflow's codes for it.

Logic raises these; `trackhelm_core.problems` turns them into responses. Nothing here knows HTTP frameworks.
"""

from enum import StrEnum
from typing import Final


class ErrorCode(StrEnum):
    """MLflow's error codes that Trackhelm answers with."""

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
    INTERNAL_ERROR = "INTERNAL_ERROR"


# The stock client retries 408, 429, 500, 502, 503 and 504 for up to four minutes, but never 501: no permanent
# failure may carry one of the former.
HTTP_STATUS: Final = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.INVALID_PARAMETER_VALUE: 400,
    ErrorCode.RESOURCE_ALREADY_EXISTS: 400,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.RESOURCE_DOES_NOT_EXIST: 404,
    ErrorCode.ENDPOINT_NOT_FOUND: 404,
    ErrorCode.RESOURCE_CONFLICT: 409,
    ErrorCode.REQUEST_LIMIT_EXCEEDED: 429,
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.NOT_IMPLEMENTED: 501,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 503,
}


class ApiError(Exception):
    """A failure that the caller is told of, in MLflow's form."""

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
    """The request holds a value that is not allowed: the message says which and what is."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_PARAMETER_VALUE, message)


class NotFoundError(ApiError):
    """What the request names does not exist (or no longer)."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_DOES_NOT_EXIST, message)


class AlreadyExistsError(ApiError):
    """The name is taken."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_ALREADY_EXISTS, message)


class PermissionDeniedError(ApiError):
    """Whoever sends the request may not do this, or not alone."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.PERMISSION_DENIED, message)


class ConflictError(ApiError):
    """What the request is about is no longer as the request takes it to be: sending it again is no use."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_CONFLICT, message)


class UnauthenticatedError(ApiError):
    """The request does not say in a form we understand who sends it."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.UNAUTHENTICATED, message)


class UnavailableError(ApiError):
    """A dependency is away or behind: the same request can be sent again."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(ErrorCode.TEMPORARILY_UNAVAILABLE, message, retry_after_seconds=retry_after_seconds)


class DependencyUnavailableError(Exception):
    """What the process depends on besides the database is away: the same request can be sent again.

    Not an `ApiError`, for it is raised far below the API. Who raises it has logged why.
    """


def missing_parameter(path: str) -> InvalidParameterError:
    """Return the error for a required field that is absent, in MLflow's words (clients match them)."""
    return InvalidParameterError(
        f"Missing value for required parameter '{path}'. "
        "See the API docs for more information about request parameters."
    )
