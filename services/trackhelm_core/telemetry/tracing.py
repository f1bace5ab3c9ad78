"""OpenTelemetry traces of requests and tasks, sent to a collector by OTLP over HTTP.

Owns the spans, and how their context goes along with a task; `traces.bound_trace` holds it meanwhile. A
process without a collector must not import this module: its packages are an optional extra of the
distribution, and importing them takes 100 ms.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trackhelm_core import __version__
from trackhelm_core.settings import TraceSettings
from trackhelm_core.traces import CARRIED, Cause, Trace, bound_trace

_SECONDS: Final = 5.0
"""The longest wait for the collector."""

_CARRIED: Final = frozenset(name.encode() for name in CARRIED)

_NOT_TRACED: Final = frozenset({"/health", "/ready", "/metrics", "/version"})
"""Paths that are asked every few seconds, by nobody who wants to know where the time went."""

_SERVER_ERROR: Final = 500

_FORM: Final = TraceContextTextMapPropagator()

MOST_CAUSES: Final = 100
"""Spans of one batch: thousands of requests are stored at once, and a trace of some of them shows as much."""


class Tracing:
    """The spans of one process. A thread sends them, and drops them if the collector is away."""

    def __init__(self, settings: TraceSettings, service: str) -> None:
        assert settings.traces_url is not None, "a process without a collector has no tracing"
        exporter = OTLPSpanExporter(f"{settings.traces_url.rstrip('/')}/v1/traces", timeout=_SECONDS)
        # A resource takes more from OTEL_RESOURCE_ATTRIBUTES.
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: f"trackhelm-{service}", SERVICE_VERSION: __version__}),
            sampler=ParentBased(TraceIdRatioBased(settings.traces_sample)),
            # It is shut down where the process ends in order.
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("trackhelm", __version__)

    def close(self) -> None:
        """Send what is left, for some seconds at most."""
        self._provider.force_flush(int(_SECONDS * 1000))
        self._provider.shutdown()

    @contextmanager
    def task(self, name: str, queue: str, carried: Mapping[str, str]) -> Iterator[None]:
        """Record a span of a task, below that of what sent it, by the headers that it carried."""
        parent = _FORM.extract(carried, Context())
        attributes = {"messaging.system": "celery", "messaging.destination.name": queue}
        with self._span(f"task {name}", SpanKind.CONSUMER, parent, attributes, task=name):
            yield

    @contextmanager
    def request(self, method: str, parent: Context) -> Iterator[Span]:
        """Record a span of a request, below the caller's."""
        attributes = {"http.request.method": method}
        with self._span(method, SpanKind.SERVER, parent, attributes) as span:
            yield span

    def _record_causes(self, name: str, causes: Sequence[Cause], began: int) -> None:
        """Record a span below each cause, from a time in nanoseconds until now, linked to the present one."""
        present = get_current_span().get_span_context()
        links = [Link(present)] if present.trace_flags.sampled else []
        for cause in causes[:MOST_CAUSES]:
            parent = _FORM.extract({CARRIED[0]: cause.traceparent}, Context())
            waited = max(0.0, began / 1e9 - cause.left_at / 1e3)
            span = self._tracer.start_span(name, parent, SpanKind.CONSUMER, links=links, start_time=began)
            span.set_attributes({"messaging.system": "redis", "trackhelm.waited_seconds": waited})
            span.end()

    @contextmanager
    def _span(
        self, name: str, kind: SpanKind, parent: Context, attributes: Mapping[str, str], task: str = ""
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(name, parent, kind, attributes) as span:
            headers: MutableMapping[str, str] = {}
            _FORM.inject(headers)
            context = span.get_span_context()
            left = headers[CARRIED[0]] if context.trace_flags.sampled else ""
            bound = bound_trace.set(
                Trace(f"{context.trace_id:032x}", headers, task, left, self._record_causes)
            )
            try:
                yield span
            finally:
                bound_trace.reset(bound)


class TraceMiddleware:
    """Records a span of each request around the whole application."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != "http" or scope["path"] in _NOT_TRACED:
            await self.app(scope, receive, send)
            return
        given = {
            name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _CARRIED
        }
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.request(scope["method"], _FORM.extract(given, Context())) as span:
            try:
                await self.app(scope, receive, send_noting_status)
            finally:
                # The pattern of the path, which the router has noted by now: a path itself names runs.
                route = getattr(scope.get("route"), "path", "")
                if route:
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.route", route)
                if request_id := scope.get("state", {}).get("request_id"):
                    span.set_attribute("trackhelm.request_id", request_id)
                span.set_attribute("http.response.status_code", status)
                if status >= _SERVER_ERROR:
                    span.set_status(StatusCode.ERROR)
