"""How an endpoint asks for the process's metric sink."""

from typing import Annotated

from fastapi import Depends, Request

from trackhelm_ingest.sink import MetricSink


async def _metric_sink(request: Request) -> MetricSink:
    sink: MetricSink = request.app.state.metric_sink
    return sink


SinkDep = Annotated[MetricSink, Depends(_metric_sink)]
