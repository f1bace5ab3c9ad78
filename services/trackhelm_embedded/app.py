"""Composes all services into the embedded application."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from trackhelm_artifact.objects.opening import ArtifactStores
from trackhelm_artifact.service import SERVICE as ARTIFACT
from trackhelm_core.http.app import build_app
from trackhelm_core.http.web_ui import web_ui_routes
from trackhelm_core.limits import BODY_MEMORY_MEBIBYTES
from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import (
    AuthSettings,
    ObjectSettings,
    OidcSettings,
    RedisSettings,
    StorageSettings,
    WebhookSettings,
)
from trackhelm_domain.access.opening import make_first_admin, open_door
from trackhelm_domain.locations import Places
from trackhelm_domain.migrate import migrate
from trackhelm_domain.opening import open_runtime
from trackhelm_domain.quotas.requests import RequestRates
from trackhelm_identity.oidc.provider import Provider, openers_of
from trackhelm_identity.service import SERVICE as IDENTITY
from trackhelm_ingest.service import SERVICE as INGEST
from trackhelm_query.service import SERVICE as QUERY
from trackhelm_registry.service import SERVICE as REGISTRY
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration

if TYPE_CHECKING:
    from trackhelm_core.telemetry.tracing import Tracing

SERVICES = (INGEST, QUERY, ARTIFACT, REGISTRY, IDENTITY)


def open_all(
    storage: StorageSettings,
    redis: RedisSettings | None = None,
    artifacts: ObjectSettings | None = None,
    webhooks: WebhookSettings | None = None,
    provider: Provider | None = None,
) -> Runtime:
    """Open what all services use. Raises `ValueError` for settings that contradict one another."""
    stores = ArtifactStores.open(storage, artifacts)
    configuration = WebhookConfiguration.open(storage, redis, webhooks)
    return open_runtime(
        storage,
        redis,
        {
            ArtifactStores: lambda: stores,
            Places: lambda: stores.places,
            WebhookConfiguration: lambda: configuration,
            **openers_of(provider),
        },
    )


def embedded_app(
    storage: StorageSettings,
    redis: RedisSettings | None = None,
    artifacts: ObjectSettings | None = None,
    *,
    behind_gateway: bool = False,
    auth: AuthSettings | None = None,
    webhooks: WebhookSettings | None = None,
    oidc: OidcSettings | None = None,
    body_memory_mebibytes: int = BODY_MEMORY_MEBIBYTES,
    tracing: "Tracing | None" = None,
) -> FastAPI:
    """Return the application over a data folder, which is created and migrated if necessary.

    With the address of a Redis, metrics and webhooks go through its queues as in the split shape, and workers
    are needed.

    Raises:
        ValueError: The settings contradict one another, or nobody could log in.
    """
    storage.data.mkdir(parents=True, exist_ok=True)
    oidc = oidc or OidcSettings()
    provider = Provider.open(oidc, auth or AuthSettings())
    runtime = open_all(storage, redis, artifacts, webhooks, provider)
    migrate(runtime.database.engine)
    make_first_admin(runtime, auth, oidc)
    return build_app(
        SERVICES,
        runtime,
        behind_gateway=behind_gateway,
        auth=auth,
        body_memory_mebibytes=body_memory_mebibytes,
        pages=web_ui_routes(),
        tracing=tracing,
        door=open_door(runtime, auth),
        quotas=RequestRates(runtime),
    )
