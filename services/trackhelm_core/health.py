"""Probes: `/health` (the process is alive), `/ready` (it can serve), `/version`.

Load balancers ask by HEAD, too.
"""

from fastapi import APIRouter, Response

from trackhelm_core import __version__
from trackhelm_core.errors import UnavailableError
from trackhelm_core.runtime import RuntimeDep

health_router = APIRouter(tags=["probes"])


@health_router.head("/health", include_in_schema=False)
@health_router.get("/health", response_class=Response)
async def health() -> Response:
    """Answer `OK` while the process runs, whatever it depends on: a restart would not mend that."""
    return Response("OK", media_type="text/plain")


@health_router.head("/ready", include_in_schema=False)
@health_router.get("/ready", response_class=Response)
def ready(runtime: RuntimeDep) -> Response:
    """Answer `OK` when the database answers, its schema fits, and the queue answers; 503 until then."""
    if missing := runtime.missing():
        raise UnavailableError(missing)
    return Response("OK", media_type="text/plain")


@health_router.head("/version", include_in_schema=False)
@health_router.get("/version", response_class=Response)
async def version() -> Response:
    """Answer Trackhelm's version.

    A stock client asks before it exports spans, and sends them only to version 3.4 or later of MLflow;
    below that it stores them as an artifact, which we can keep.
    """
    return Response(__version__, media_type="text/plain")
