"""Webhooks over each database: the API with what delivers in its process, and the parts of that by hand."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.fixtures.api import Api, api_of
from tests.fixtures.databases import KINDS, new_database
from tests.fixtures.receiver import Receiver, receiving
from trackhelm_core.runtime import Parts, Runtime
from trackhelm_core.search.pages import PageRequest
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.settings import StorageSettings, WebhookSettings
from trackhelm_domain import outbox as domain_outbox
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.outbox import Event
from trackhelm_domain.tables import WebhookDelivery
from trackhelm_embedded.app import open_all
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_registry.webhooks.delivery.dispatcher import due_webhooks, run_slice
from trackhelm_registry.webhooks.logic import Webhooks, delete
from trackhelm_registry.webhooks.schemas import CreateWebhook
from trackhelm_registry.webhooks.store import WebhookRow, webhook_page

ADA = Actor("ada", ActorKind.USER, "10.0.0.1", "r")
SETTINGS = WebhookSettings(
    webhook_allow_http=True,
    webhook_private_networks="127.0.0.0/8",
    webhook_timeout_seconds=2,
    webhook_attempts=3,
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture(scope="session", params=KINDS)
def hooks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API, which delivers by itself. Tests share it: each removes its webhooks."""
    url = new_database(request, tmp_path_factory)
    storage = StorageSettings(data=tmp_path_factory.mktemp("hooks"), database_url=url)
    with api_of(storage, webhooks=SETTINGS) as api:
        yield api


@pytest.fixture
def hook(hooks: Api, receiver: Receiver) -> Iterator["Hook"]:
    """A webhook for every event, signed."""
    made = Hook(hooks, receiver)
    yield made
    for webhook in hooks.get("/api/2.0/trackhelm/webhooks").get("webhooks", []):
        hooks.call("DELETE", f"webhooks/{webhook['webhook_id']}")


EVENTS = (
    *(("REGISTERED_MODEL", "CREATED"), ("MODEL_VERSION", "CREATED")),
    *(("MODEL_VERSION_TAG", "SET"), ("MODEL_VERSION_TAG", "DELETED")),
    *(("MODEL_VERSION_ALIAS", "CREATED"), ("MODEL_VERSION_ALIAS", "DELETED")),
    *(("PROMPT", "CREATED"), ("PROMPT_VERSION", "CREATED"), ("PROMPT_TAG", "SET"), ("PROMPT_TAG", "DELETED")),
    *(("PROMPT_VERSION_TAG", "SET"), ("PROMPT_VERSION_TAG", "DELETED")),
    *(("PROMPT_ALIAS", "CREATED"), ("PROMPT_ALIAS", "DELETED")),
)
RUN_EVENTS = ("STARTED", "FINISHED", "FAILED", "KILLED", "POD_ENDED")
SECRET = "correct horse"


@dataclass
class Hook:
    """Makes webhooks to the receiver and asks of them."""

    api: Api
    receiver: Receiver

    def create(self, **given: Any) -> str:
        """Create one for every event unless told otherwise, and return its id."""
        message = {
            "name": "all",
            "url": self.receiver.url,
            "events": [{"entity": entity, "action": action} for entity, action in EVENTS],
            "run_events": list(RUN_EVENTS),
            "secret": SECRET,
        }
        webhook_id: str = self.api.post("webhooks", **(message | given))["webhook"]["webhook_id"]
        return webhook_id

    def deliveries(self, webhook_id: str, **wanted: Any) -> list[dict[str, Any]]:
        path = f"/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries"
        found: list[dict[str, Any]] = self.api.get(path, **wanted).get("deliveries", [])
        return found

    def states(self, webhook_id: str) -> list[str]:
        return [delivery["state"] for delivery in self.deliveries(webhook_id)]


@dataclass
class Outbox:
    """A database with webhooks, worked off only when a test says so, by a clock that a test sets."""

    runtime: Runtime
    receiver: Receiver
    now: int = field(default=1_700_000_000_000)

    def create(self, url: str = "", **given: Any) -> WebhookRow:
        message = {"name": "a", "url": url or self.receiver.url, "run_events": ("STARTED", "FINISHED")}
        webhooks = Webhooks(self.runtime.part(WebhookConfiguration))
        with self.runtime.database.writing() as session:
            made = webhooks.create(session, CreateWebhook(**(message | given)), AuditContext(ADA, self.now))
        self.runtime.part(domain_outbox.Outbox).webhooks_changed()
        return made

    def delete(self, webhook: WebhookRow) -> None:
        with self.runtime.database.writing() as session:
            delete(session, webhook.uuid, AuditContext(ADA, self.now))

    def announce(self, run: str, event: Event = Event.RUN_STARTED, **data: Any) -> None:
        with self.runtime.database.writing() as session:
            domain_outbox.announce(
                session, domain_outbox.Announcement(event, f"run/{run}", {"run_id": run, **data}, self.now)
            )

    def turn(self, webhook: WebhookRow) -> bool:
        return run_slice(self.runtime, webhook.id)

    def due(self) -> list[int]:
        return due_webhooks(self.runtime)

    def rows(self, webhook: WebhookRow) -> Sequence[Mapping[str, Any]]:
        """Return the deliveries of a webhook, the oldest first."""
        with self.runtime.database.reading() as session:
            statement = select(WebhookDelivery.__table__).where(WebhookDelivery.webhook_id == webhook.id)
            return [dict(row) for row in session.execute(statement.order_by(WebhookDelivery.id)).mappings()]

    def states(self, webhook: WebhookRow) -> list[str]:
        return [row["state"] for row in self.rows(webhook)]

    def set(self, **settings: Any) -> None:
        given = SETTINGS.model_copy(update=settings)
        sealing = self.runtime.part(WebhookConfiguration).secrets
        changed = WebhookConfiguration(given, sealing)
        filled = self.runtime.part(domain_outbox.Outbox)
        parts = Parts({domain_outbox.Outbox: lambda: filled, WebhookConfiguration: lambda: changed})
        self.runtime = dataclasses.replace(self.runtime, parts=parts)


@pytest.fixture
def outbox(module_database_url: str, tmp_path: Path, receiver: Receiver) -> Iterator[Outbox]:
    storage = StorageSettings(data=tmp_path, database_url=module_database_url)
    runtime = open_all(storage, webhooks=SETTINGS)
    made = Outbox(runtime, receiver)
    made.runtime = dataclasses.replace(runtime, clock=lambda: made.now)
    yield made
    with runtime.database.writing() as session:
        for webhook in made_webhooks(made):
            delete(session, webhook, AuditContext(ADA, made.now))
    runtime.close()


def made_webhooks(outbox: Outbox) -> list[str]:
    with outbox.runtime.database.reading() as session:
        found, _ = webhook_page(session, PageRequest("", "", 1_000), mlflow_only=False)
    return [webhook.uuid for webhook in found]
