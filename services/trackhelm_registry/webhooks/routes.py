"""Endpoints about webhooks and their deliveries."""

from threading import BoundedSemaphore
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.outbox import Outbox
from trackhelm_registry.webhooks import logic, schemas
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_registry.webhooks.delivery.sending import send
from trackhelm_registry.webhooks.logic import Webhooks, test_message, webhook_message
from trackhelm_registry.webhooks.store import WebhookRow

router = APIRouter(route_class=WireRoute)

_RETRY_SECONDS: Final = 5


async def _tests(request: Request) -> BoundedSemaphore:
    tests: BoundedSemaphore = request.app.state.webhook_tests
    return tests


TestsDep = Annotated[BoundedSemaphore, Depends(_tests)]


def _answer(webhook: WebhookRow) -> Response:
    return reply(schemas.WebhookAnswer(webhook=webhook_message(webhook)))


@router.post("/mlflow/webhooks", **documented(schemas.WebhookAnswer))
@needs(Need.MANAGER)
def create_webhook(body: schemas.CreateWebhook, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a webhook."""
    webhooks = Webhooks(runtime.part(WebhookConfiguration))
    with runtime.database.writing() as session:
        webhook = webhooks.create(session, body, AuditContext(actor, runtime.clock()))
    runtime.part(Outbox).webhooks_changed()
    return _answer(webhook)


@router.get("/mlflow/webhooks", **documented(schemas.FoundWebhooks))
@needs(Need.MANAGER)
def list_webhooks(query: Annotated[schemas.ListWebhooks, Query()], runtime: RuntimeDep) -> Response:
    """Return a page of the webhooks for events of MLflow, because its clients know no other events."""
    return _list(query, runtime, mlflow_only=True)


@router.get("/trackhelm/webhooks", **documented(schemas.FoundWebhooks))
@needs(Need.MANAGER)
def list_all_webhooks(query: Annotated[schemas.ListWebhooks, Query()], runtime: RuntimeDep) -> Response:
    """Return a page of all webhooks."""
    return _list(query, runtime, mlflow_only=False)


@router.get("/mlflow/webhooks/{webhook_id}", **documented(schemas.WebhookAnswer))
@needs(Need.MANAGER)
def get_webhook(webhook_id: str, runtime: RuntimeDep) -> Response:
    """Return a webhook, without its secret."""
    with runtime.database.reading() as session:
        webhook = logic.found_webhook(session, webhook_id)
    return _answer(webhook)


@router.patch("/mlflow/webhooks/{webhook_id}", **documented(schemas.WebhookAnswer))
@needs(Need.MANAGER)
def update_webhook(
    webhook_id: str, body: schemas.UpdateWebhook, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Change a webhook; attributes that are not given stay."""
    webhooks = Webhooks(runtime.part(WebhookConfiguration))
    with runtime.database.writing() as session:
        webhook = webhooks.update(session, webhook_id, body, AuditContext(actor, runtime.clock()))
    runtime.part(Outbox).webhooks_changed()
    return _answer(webhook)


@router.delete("/mlflow/webhooks/{webhook_id}", **documented(Empty))
@needs(Need.MANAGER)
def delete_webhook(webhook_id: str, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Delete a webhook with all of its deliveries."""
    with runtime.database.writing() as session:
        logic.delete(session, webhook_id, AuditContext(actor, runtime.clock()))
    runtime.part(Outbox).webhooks_changed()
    return empty_reply()


@router.post("/mlflow/webhooks/{webhook_id}/test", **documented(schemas.TestAnswer))
@needs(Need.MANAGER)
def test_webhook(
    webhook_id: str, body: schemas.TestWebhook, runtime: RuntimeDep, tests: TestsDep
) -> Response:
    """Call a webhook once with an example, and return the outcome."""
    with runtime.database.reading() as session:
        message = test_message(logic.found_webhook(session, webhook_id), body, runtime.clock())
    if not tests.acquire(blocking=False):
        raise ApiError(
            ErrorCode.REQUEST_LIMIT_EXCEEDED,
            "Too many webhooks are being tested at this moment: try again in a few seconds.",
            retry_after_seconds=_RETRY_SECONDS,
        )
    try:
        outcome = send(message, runtime.part(WebhookConfiguration))
    finally:
        tests.release()
    result = schemas.TestResult(
        success=outcome.error is None,
        response_status=outcome.status,
        response_body=None if outcome.status is None else outcome.body,
        error_message=outcome.error,
    )
    return reply(schemas.TestAnswer(result=result))


def _list(asked: schemas.ListWebhooks, runtime: Runtime, *, mlflow_only: bool) -> Response:
    with runtime.database.reading() as session:
        webhooks, next_token = logic.list_webhooks(session, asked, mlflow_only=mlflow_only)
    found = tuple(webhook_message(webhook) for webhook in webhooks)
    return reply(schemas.FoundWebhooks(webhooks=found, next_page_token=next_token))


deliveries_router = APIRouter(prefix="/trackhelm/webhooks/{webhook_id}/deliveries", route_class=WireRoute)


@deliveries_router.get("", **documented(schemas.FoundDeliveries))
@needs(Need.MANAGER)
def list_deliveries(
    webhook_id: str, query: Annotated[schemas.ListDeliveries, Query()], runtime: RuntimeDep
) -> Response:
    """Return a page of a webhook's deliveries, waiting, delivered and dead, the newest first."""
    with runtime.database.reading() as session:
        page = logic.list_deliveries(session, webhook_id, query)
    return reply(page)


@deliveries_router.post("/{delivery_id}/resend", **documented(Empty))
@needs(Need.MANAGER)
def resend_delivery(webhook_id: str, delivery_id: str, runtime: RuntimeDep) -> Response:
    """Send a delivery again, or a waiting one now, in whatever state it is."""
    with runtime.database.writing() as session:
        webhook = logic.resend(session, webhook_id, delivery_id, runtime.clock())
    runtime.part(Outbox).notify([webhook])
    return empty_reply()
