"""Endpoints of Trackhelm's own API for charts."""

from typing import Any

from fastapi import APIRouter, Request, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.limits import CHART_RUNS
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import binary_reply, documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_query.charts import logic, schemas

router = APIRouter(prefix="/trackhelm/charts", route_class=WireRoute)


def _documented() -> dict[str, Any]:
    described = documented(schemas.ChartReply)
    stream = {"schema": {"type": "string", "format": "binary"}}
    described["responses"][200]["content"][schemas.MEDIA_TYPE] = stream
    return described


@router.post("/buckets", **_documented())
@needs(Need.READ)
async def chart_buckets(body: schemas.ChartBuckets, request: Request, runtime: RuntimeDep) -> Response:
    """Get keys of runs over a window of an axis, in buckets: as JSON, or as an Arrow stream if accepted.

    The answer has the greatest and the least value that a line has in the window.
    """

    def read() -> Response:
        with runtime.database.reading() as session:
            chart = logic.draw(session, body.asked())
        if body.format == "arrow" or (body.format is None and _accepts_arrow(request)):
            from trackhelm_query.charts.arrow import chart_stream  # noqa: PLC0415 - 25 ms, for this alone

            accepted = request.headers.get("accept-encoding", "")
            return binary_reply(chart_stream(chart, body.columns), schemas.MEDIA_TYPE, accepted)
        return reply(schemas.chart_message(chart, body.columns))

    # A request with more runs is refused later.
    return await runtime.reads.read(body.run_ids[:CHART_RUNS], read)


def _accepts_arrow(request: Request) -> bool:
    return schemas.MEDIA_TYPE in request.headers.get("accept", "").lower()
