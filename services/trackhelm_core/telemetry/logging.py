"""Structured logs: one configuration for our own log lines and those of libraries."""

import logging
import sys
from contextvars import ContextVar

import structlog

from trackhelm_core.settings import LogSettings
from trackhelm_core.traces import bound_trace

bound_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being served; it is added to every line that is logged meanwhile."""


def _add_request_id(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if (request_id := bound_request_id.get()) is not None:
        event.setdefault("request_id", request_id)
    if (trace := bound_trace.get()) is not None:
        event.setdefault("trace_id", trace.trace_id)
    return event


def configure_logging(settings: LogSettings) -> None:
    """Send every log line to standard error in the chosen form."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor
    if settings.log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        # Plain tracebacks, because the decorated ones take seconds and print local variables, which may be
        # users' data.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library in ("alembic", "celery", "uvicorn"):
        # At "info" these libraries announce what the command line already prints.
        logging.getLogger(library).setLevel(max(level, logging.WARNING))
