"""How an endpoint asks for the process's metric sink."""

from typing import Annotated

from fastapi import Depends, Request

from trackhelm_ingest.sink import MetricSink


def metric_sink(request: Request) -> MetricSink:
    """Return the process's metric sink."""
    sink: MetricSink = request.app.state.metric_sink
    return sink


async def _metric_sink(request: Request) -> MetricSink:
    # `async`, so that FastAPI calls it in place.
    return metric_sink(request)


SinkDep = Annotated[MetricSink, Depends(_metric_sink)]
