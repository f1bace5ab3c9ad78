"""Requests and answers about deliveries of webhooks."""

import msgspec

from trackhelm_core.db.models.webhooks import DeliveryState
from trackhelm_core.wire.replies import Reply
from trackhelm_registry.schemas.webhooks import ListWebhooks


class ListDeliveries(ListWebhooks):
    """`GET trackhelm/webhooks/{webhook_id}/deliveries`."""

    state: DeliveryState | None = None


class Delivery(Reply, frozen=True):
    """One event on its way to a webhook, or arrived. Times are milliseconds since the epoch.

    `delivery_id` is what the receiver finds in `X-MLflow-Delivery-Id`, the same at every attempt. `due_time`
    is when a waiting one is attempted next, `settled_time` when it was delivered or given up.
    """

    delivery_id: str
    webhook_id: str
    event: str
    subject: str
    state: str
    attempts: int
    created_time: int
    body: msgspec.Raw
    due_time: int | None = None
    settled_time: int | None = None
    response_status: int | None = None
    error: str | None = None


class FoundDeliveries(Reply, frozen=True):
    """A page of deliveries, the newest first."""

    deliveries: tuple[Delivery, ...] = ()
    next_page_token: str = ""
