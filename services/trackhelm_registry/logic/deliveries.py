"""Rules about deliveries: listing them, and sending them again."""

from typing import Any

import msgspec
from sqlalchemy import Row
from sqlalchemy.orm import Session

from trackhelm_core.db.models.webhooks import DeliveryState
from trackhelm_core.errors import NotFoundError
from trackhelm_core.limits import WEBHOOKS_PAGE
from trackhelm_core.search.keyset import PageRequest
from trackhelm_core.search.pages import query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_core.wire.faults import shown
from trackhelm_registry.logic.webhooks import found_webhook, is_id
from trackhelm_registry.schemas.deliveries import Delivery, FoundDeliveries, ListDeliveries
from trackhelm_registry.store import deliveries as store


def list_deliveries(session: Session, webhook: str, asked: ListDeliveries) -> FoundDeliveries:
    """Return a page of a webhook's deliveries, the newest first."""
    row = found_webhook(session, webhook)
    limit = check_page_size(asked.max_results, WEBHOOKS_PAGE)
    request = PageRequest(query_digest("deliveries", webhook, asked.state), asked.page_token, limit)
    page = store.delivery_page(session, row.id, asked.state, request)
    return FoundDeliveries(tuple(map(delivery_message, page.rows)), page.next_token)


def resend(session: Session, webhook: str, delivery: str, now: int) -> int:
    """Make a delivery due now, whatever became of it, and return the webhook's row id."""
    row = found_webhook(session, webhook)
    found = store.find_deliveries(session, delivery, row.id) if is_id(delivery) else []
    if not found:
        raise NotFoundError(f"Delivery with ID {shown(delivery)} of webhook {shown(webhook)} not found.")
    store.resend(session, found, now)
    return row.id


def delivery_message(row: Row[*tuple[Any, ...]]) -> Delivery:
    """Return the message of a delivery."""
    return Delivery(
        delivery_id=row.uuid,
        webhook_id=row.webhook_uuid,
        event=row.event,
        subject=row.subject,
        state=row.state,
        attempts=row.attempts,
        created_time=row.created_time,
        # It is JSON already, and goes out as it is sent to the webhook.
        body=msgspec.Raw(row.body.encode()),
        due_time=row.due_time if row.state == DeliveryState.WAITING else None,
        settled_time=row.settled_time,
        response_status=row.response_status,
        error=row.error,
    )
