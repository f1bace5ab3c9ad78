"""Endpoints about what is on its way to webhooks."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.webhooks.outbox import Outbox
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_registry.logic import deliveries as logic
from trackhelm_registry.schemas import deliveries as schemas

router = APIRouter(prefix="/trackhelm/webhooks/{webhook_id}/deliveries", route_class=WireRoute)


@router.get("", **documented(schemas.FoundDeliveries))
def list_deliveries(
    webhook_id: str, query: Annotated[schemas.ListDeliveries, Query()], runtime: RuntimeDep
) -> Response:
    """Return a page of a webhook's deliveries: waiting, delivered, and dead letters; the newest first."""
    with runtime.database.reading() as session:
        page = logic.list_deliveries(session, webhook_id, query)
    return reply(page)


@router.post("/{delivery_id}/resend", **documented(Empty))
def resend_delivery(webhook_id: str, delivery_id: str, runtime: RuntimeDep) -> Response:
    """Send a delivery again, or without waiting further, whatever became of it."""
    with runtime.database.writing() as session:
        webhook = logic.resend(session, webhook_id, delivery_id, runtime.clock())
    runtime.part(Outbox).notify([webhook])
    return empty_reply()
