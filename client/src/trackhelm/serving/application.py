"""The ASGI application of a scoring server: which path does what, and how each error is answered.

It calls no framework, since a request of one row takes less time than a framework's routing and checks. What
a body means is in `questions` and `inference_protocol`; how requests are gathered is in `batching`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson

from trackhelm.exceptions import BAD_REQUEST, MlflowException
from trackhelm.models import payloads
from trackhelm.models.examples import jsonable
from trackhelm.models.model import FORMAT_VERSION
from trackhelm.serving import inference_protocol
from trackhelm.serving.metrics import Metrics
from trackhelm.serving.questions import read_json
from trackhelm.serving.served import Served

_JSON: Final = "application/json"
_TYPES: Final = ("text/csv", "application/json", "application/vnd.apache.parquet")
_CHANGED: Final = (
    "IMPORTANT: The MLflow Model scoring protocol has changed in MLflow version 2.0. If you are seeing this "
    "error, you are likely using an outdated scoring request format."
)
_UNEXPECTED: Final = (
    "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe "
    "is compatible with the model for inference."
)
_BINARY_FROM: Final = b"inference-header-content-length"

_logger = logging.getLogger("trackhelm")

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Reply:
    """What is answered."""

    __slots__ = ("body", "headers", "media_type", "status")

    def __init__(
        self,
        body: bytes,
        status: int = HTTPStatus.OK,
        media_type: str = _JSON,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        self.body = body
        self.status = int(status)
        self.media_type = media_type
        self.headers = headers or []


class Application:
    """Answers requests about the model that is served.

    Args:
        served: The model, which may be replaced while this runs.
        metrics: What counts requests.
        timeout: Seconds after which a request is answered 504.
        largest: The most bytes of a body.
    """

    def __init__(self, served: Served, metrics: Metrics, timeout: float, largest: int) -> None:
        self._served = served
        self._metrics = metrics
        self._timeout = timeout
        self._largest = largest
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the ASGI interface."""
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        route, reply = await self._answered(scope, receive)
        headers = [
            (b"content-type", reply.media_type.encode()),
            (b"content-length", b"%d" % len(reply.body)),
            *reply.headers,
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
        self._metrics.request(route, reply.status, time.perf_counter() - began)

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[str, Reply]:
        method, path = scope["method"], scope["path"]
        if path == "/invocations":
            if method != "POST":
                return path, _not_allowed("POST")
            return path, await self._within_time(self._invocations(scope, receive), _error)
        if path.startswith("/v2"):
            return await self._v2(method, path, scope, receive)
        if method not in {"GET", "HEAD"}:
            return path, _not_allowed("GET")
        if path in {"/ping", "/health"}:
            return path, Reply(b"\n", HTTPStatus.SERVICE_UNAVAILABLE if self.is_stopping else HTTPStatus.OK)
        if path == "/version":
            return path, Reply(FORMAT_VERSION.encode())
        if path == "/metrics":
            return path, Reply(self._metrics.text(), media_type=self._metrics.media_type)
        return "other", Reply(b'{"detail":"Not Found"}', HTTPStatus.NOT_FOUND)

    async def _within_time(
        self, answering: Awaitable[Reply], on_error: Callable[[Exception], Reply]
    ) -> Reply:
        try:
            return await asyncio.wait_for(answering, self._timeout)
        except (TimeoutError, asyncio.TimeoutError):
            return Reply(b"Request processing time exceeded limit", HTTPStatus.GATEWAY_TIMEOUT)
        except Exception as error:  # noqa: BLE001 - a model may raise anything, and the server goes on
            return on_error(error)

    async def _body(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body"):
            return body
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the caller is gone")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._largest:
                raise MlflowException(
                    f"The request is larger than {self._largest} bytes, the most that this server reads",
                    error_code=BAD_REQUEST,
                )
        return b"".join(parts)

    async def _invocations(self, scope: Scope, receive: Receive) -> Reply:
        body = await self._body(receive)
        content_type = _header(scope, b"content-type").decode("latin-1")
        kind, refusal = _media_type(content_type)
        if refusal is not None:
            return refusal
        served = self._served.current
        metadata = served.model.metadata
        is_llm = False
        if kind == _JSON:
            question, is_llm = read_json(body, orjson.loads, metadata)
        else:
            question = served.parsed(kind, body)
        predicted = await served.ask(question)
        return Reply(encoded(predicted, wrapped=not is_llm))

    async def _v2(self, method: str, path: str, scope: Scope, receive: Receive) -> tuple[str, Reply]:
        words = path.strip("/").split("/")[1:]
        served = self._served.current
        names = {served.name}
        is_get = method == "GET"
        if words == [] and is_get:
            told = {
                "name": "trackhelm",
                "version": FORMAT_VERSION,
                "extensions": inference_protocol.EXTENSIONS,
            }
            return "/v2", Reply(orjson.dumps(told))
        if words[:1] == ["health"] and is_get and words[1:] in (["live"], ["ready"]):
            is_fine = words[1] == "live" or not self.is_stopping
            body = orjson.dumps({words[1]: is_fine})
            return "/v2/health", Reply(body, HTTPStatus.OK if is_fine else HTTPStatus.SERVICE_UNAVAILABLE)
        if words[:1] == ["models"] and len(words) > 1:
            name, rest = words[1], words[2:]
            version = None
            if rest[:1] == ["versions"] and len(rest) > 1:
                version, rest = rest[1], rest[2:]
            if name not in names or (version is not None and served.version not in {None, version}):
                return "/v2/models", _v2_error(
                    f"there is no model {name!r}" + (f" of the version {version!r}" if version else ""),
                    HTTPStatus.NOT_FOUND,
                )
            if rest == [] and is_get:
                told = inference_protocol.model_metadata(served.name, served.version, served.model.metadata)
                return "/v2/models", Reply(orjson.dumps(told))
            if rest == ["ready"] and is_get:
                return "/v2/models/ready", Reply(orjson.dumps({"name": name, "ready": True}))
            if rest == ["infer"] and method == "POST":
                return "/v2/models/infer", await self._within_time(self._infer(scope, receive), _v2_failure)
        return "other", _v2_error(f"there is no {method} {path}", HTTPStatus.NOT_FOUND)

    async def _infer(self, scope: Scope, receive: Receive) -> Reply:
        body = await self._body(receive)
        told = _header(scope, _BINARY_FROM)
        served = self._served.current
        question, request = inference_protocol.read_request(
            body, int(told) if told else None, served.model.metadata
        )
        predicted = await served.ask(question)
        content, binary_from = inference_protocol.write_response(
            predicted, request, served.name, served.version
        )
        if binary_from is None:
            return Reply(content)
        length = (_BINARY_FROM, b"%d" % binary_from)
        return Reply(content, media_type="application/octet-stream", headers=[length])


def _header(scope: Scope, name: bytes) -> bytes:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found


def _media_type(content_type: str) -> tuple[str, Reply | None]:
    """Return the type of a body, or the refusal of it."""
    kind, *pairs = (part.strip() for part in content_type.split(";"))
    parameters = {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
    text = None
    if parameters.get("charset", "utf-8").lower() != "utf-8":
        text = "The scoring server only supports UTF-8"
    elif set(parameters) - {"charset"}:
        more = ", ".join(sorted(set(parameters) - {"charset"}))
        text = f"Unrecognized content type parameters: {more}. {_CHANGED}"
    elif kind not in _TYPES:
        types = f"Types: {list(_TYPES)}. Got '{content_type}'."
        text = f"This predictor only supports the following content types: {types}"
    if text is None:
        return kind, None
    return kind, Reply(text.encode(), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "text/plain")


def encoded(predicted: Any, *, wrapped: bool) -> bytes:
    """Return predictions as the JSON of MLflow's contract."""
    import numpy as np

    value = predicted
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "bif":
        value = payloads.as_plain(predicted)
    elif not value.flags.c_contiguous:
        value = np.ascontiguousarray(value)
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    told = {"predictions": value} if wrapped else value
    body: bytes = orjson.dumps(told, default=jsonable, option=option)
    return body


def _error(error: Exception) -> Reply:
    if isinstance(error, MlflowException):
        return Reply(error.serialize_as_json().encode(), error.get_http_status_code())
    _logger.warning("The model raised %r", error, exc_info=error)
    told = MlflowException(f"{_UNEXPECTED} Error: {error!r}", error_code=BAD_REQUEST)
    return Reply(told.serialize_as_json().encode(), HTTPStatus.BAD_REQUEST)


def _v2_failure(error: Exception) -> Reply:
    if isinstance(error, MlflowException):
        return _v2_error(error.message, error.get_http_status_code())
    _logger.warning("The model raised %r", error, exc_info=error)
    return _v2_error(f"{_UNEXPECTED} Error: {error!r}", HTTPStatus.BAD_REQUEST)


def _v2_error(message: str, status: int) -> Reply:
    return Reply(orjson.dumps({"error": message}), status)


def _not_allowed(method: str) -> Reply:
    body = b'{"detail":"Method Not Allowed"}'
    return Reply(body, HTTPStatus.METHOD_NOT_ALLOWED, headers=[(b"allow", method.encode())])
