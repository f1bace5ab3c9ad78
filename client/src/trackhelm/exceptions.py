"""The exceptions that the client raises, with MLflow's names and error codes.

`MlflowException` is whatever the client refuses or a server cannot do; all others are kinds of it.
`RestException` is a server's answer that says what was wrong.
"""

import json
from typing import Any, Final

INTERNAL_ERROR: Final = "INTERNAL_ERROR"
BAD_REQUEST: Final = "BAD_REQUEST"
INVALID_PARAMETER_VALUE: Final = "INVALID_PARAMETER_VALUE"
INVALID_STATE: Final = "INVALID_STATE"
NOT_IMPLEMENTED: Final = "NOT_IMPLEMENTED"
RESOURCE_ALREADY_EXISTS: Final = "RESOURCE_ALREADY_EXISTS"
RESOURCE_DOES_NOT_EXIST: Final = "RESOURCE_DOES_NOT_EXIST"
ENDPOINT_NOT_FOUND: Final = "ENDPOINT_NOT_FOUND"
TEMPORARILY_UNAVAILABLE: Final = "TEMPORARILY_UNAVAILABLE"

_NUMBERS: Final = {
    1: INTERNAL_ERROR,
    2: TEMPORARILY_UNAVAILABLE,
    4: BAD_REQUEST,
    11: "NOT_FOUND",
    12: "ALREADY_EXISTS",
    13: "UNAUTHENTICATED",
    1000: INVALID_PARAMETER_VALUE,
    1001: ENDPOINT_NOT_FOUND,
    1003: INVALID_STATE,
    1004: "PERMISSION_DENIED",
    1007: "REQUEST_LIMIT_EXCEEDED",
    1010: NOT_IMPLEMENTED,
    3001: RESOURCE_ALREADY_EXISTS,
    3002: RESOURCE_DOES_NOT_EXIST,
}
"""The numbers by which code written for MLflow may name an error code."""

_STATUSES: Final = {
    INTERNAL_ERROR: 500,
    INVALID_STATE: 500,
    "DATA_LOSS": 500,
    NOT_IMPLEMENTED: 501,
    TEMPORARILY_UNAVAILABLE: 503,
    "DEADLINE_EXCEEDED": 504,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "ABORTED": 409,
    "RESOURCE_CONFLICT": 409,
    "ALREADY_EXISTS": 409,
    "NOT_FOUND": 404,
    ENDPOINT_NOT_FOUND: 404,
    RESOURCE_DOES_NOT_EXIST: 404,
    "PERMISSION_DENIED": 403,
    "CUSTOMER_UNAUTHORIZED": 401,
    "UNAUTHENTICATED": 401,
    BAD_REQUEST: 400,
    RESOURCE_ALREADY_EXISTS: 400,
    INVALID_PARAMETER_VALUE: 400,
}

_CODES: Final = {
    400: BAD_REQUEST,
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: ENDPOINT_NOT_FOUND,
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: INTERNAL_ERROR,
    501: NOT_IMPLEMENTED,
    503: TEMPORARILY_UNAVAILABLE,
    504: "DEADLINE_EXCEEDED",
}


class MlflowException(Exception):  # noqa: N818 - MLflow's name
    """What the client refuses, or a server cannot do.

    Args:
        message: What is wrong and what to do about it.
        error_code: MLflow's code, such as `INVALID_PARAMETER_VALUE`, or its number.
        kwargs: More fields for `serialize_as_json`.
    """

    def __init__(self, message: object, error_code: str | int = INTERNAL_ERROR, **kwargs: Any) -> None:
        self.error_code = (
            _NUMBERS.get(error_code, INTERNAL_ERROR) if isinstance(error_code, int) else error_code
        )
        self.message = str(message)
        self.json_kwargs = kwargs
        super().__init__(self.message)

    @classmethod
    def invalid_parameter_value(cls, message: object, **kwargs: Any) -> "MlflowException":
        """Return an exception with the code `INVALID_PARAMETER_VALUE`."""
        return cls(message, error_code=INVALID_PARAMETER_VALUE, **kwargs)

    def serialize_as_json(self) -> str:
        """Return the error as a server would answer it."""
        return json.dumps({**self.json_kwargs, "error_code": self.error_code, "message": self.message})

    def get_http_status_code(self) -> int:
        """Return the status with which a server answers this error."""
        return _STATUSES.get(self.error_code, 500)


class RestException(MlflowException):
    """A server's answer that says what was wrong; `json` is that answer."""

    def __init__(self, json: dict[str, Any]) -> None:
        self.json = json
        code = json.get("error_code", INTERNAL_ERROR)
        code = _NUMBERS.get(code, INTERNAL_ERROR) if isinstance(code, int) else str(code)
        super().__init__(f"{code}: {json.get('message') or f'Response: {json}'}", error_code=code)

    def __reduce__(self) -> tuple[type["RestException"], tuple[dict[str, Any]]]:
        return RestException, (self.json,)


class ExecutionException(MlflowException):
    """A program that the client started failed."""


class MissingConfigException(MlflowException):
    """A file of settings that is needed is not there."""


class InvalidUrlException(MlflowException):
    """A URL that cannot be used."""


class MlflowNotImplementedException(MlflowException):
    """Something that MLflow has and this client does not."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message, error_code=NOT_IMPLEMENTED)


def code_of_status(status: int) -> str:
    """Return the error code for an answer that has a status and no code of its own."""
    return _CODES.get(status, INTERNAL_ERROR)


class InvalidMetricException(MlflowException, TypeError):  # noqa: N818 - as its base
    """A metric has a value that is no number. MLflow raises one or the other of both classes."""

    def __init__(self, message: object) -> None:
        super().__init__(message, error_code=INVALID_PARAMETER_VALUE)


class ServerAwayException(MlflowException):
    """The server does not answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_code=TEMPORARILY_UNAVAILABLE)


def is_away(error: MlflowException) -> bool:
    """Return whether an error means that a server may answer later what it did not answer now."""
    return isinstance(error, ServerAwayException) or error.get_http_status_code() in {429, 502, 503, 504}
