"""Requests and answers about webhooks and their deliveries."""

import msgspec

from trackhelm_core.limits import WEBHOOKS_DEFAULT_PAGE
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Required, WireModel
from trackhelm_domain.tables.webhooks import DeliveryState


class AskedEvent(WireModel):
    """An event of MLflow: the names of its protobuf enumerations, or their numbers."""

    entity: str | int
    action: str | int


class CreateWebhook(WireModel):
    """`POST webhooks`. `events` are MLflow's, `run_events` and `workspace_events` ours; one is needed."""

    name: Required
    url: Required
    events: tuple[AskedEvent, ...] = ()
    run_events: tuple[str, ...] = ()
    workspace_events: tuple[str, ...] = ()
    description: str = ""
    secret: str = ""
    status: str | int | None = None


class UpdateWebhook(WireModel):
    """`PATCH webhooks/{webhook_id}`; attributes that are absent stay. An empty `secret` ends signing."""

    name: str = ""
    url: str = ""
    events: tuple[AskedEvent, ...] | None = None
    run_events: tuple[str, ...] | None = None
    workspace_events: tuple[str, ...] | None = None
    description: str | None = None
    secret: str | None = None
    status: str | int | None = None


class ListWebhooks(WireModel):
    """`GET webhooks`."""

    max_results: Int64 = WEBHOOKS_DEFAULT_PAGE
    page_token: str = ""


class TestWebhook(WireModel):
    """`POST webhooks/{webhook_id}/test`; without an event, the webhook's first is used."""

    __test__ = False  # pytest would collect the class as a test because of its name

    event: AskedEvent | None = None
    run_event: str = ""
    workspace_event: str = ""


class EventMessage(Reply, frozen=True):
    """An event of MLflow."""

    entity: str
    action: str


class WebhookMessage(Reply, frozen=True):
    """A webhook. Its secret is never answered, only whether it has one."""

    webhook_id: str
    name: str
    url: str
    status: str
    creation_timestamp: int
    last_updated_timestamp: int
    signed: bool
    events: tuple[EventMessage, ...] = ()
    run_events: tuple[str, ...] = ()
    workspace_events: tuple[str, ...] = ()
    description: str = ""


class WebhookAnswer(Reply, frozen=True):
    """The answer that carries one webhook."""

    webhook: WebhookMessage


class FoundWebhooks(Reply, frozen=True):
    """A page of webhooks, the newest first."""

    webhooks: tuple[WebhookMessage, ...] = ()
    next_page_token: str = ""


class TestResult(Reply, frozen=True):
    """How a test call ended. Without a `response_status` there was no answer."""

    __test__ = False

    success: bool
    response_status: int | None = None
    response_body: str | None = None
    error_message: str | None = None


class TestAnswer(Reply, frozen=True):
    """The answer of a test call."""

    __test__ = False

    result: TestResult


class ListDeliveries(ListWebhooks):
    """`GET trackhelm/webhooks/{webhook_id}/deliveries`."""

    state: DeliveryState | None = None


class Delivery(Reply, frozen=True):
    """One event for one webhook. Times are milliseconds since the epoch.

    `delivery_id` is what the receiver gets in `X-MLflow-Delivery-Id`, the same at every attempt. `due_time`
    is the time of a waiting delivery's next attempt, `settled_time` that of its success or of its last
    attempt.
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
