"""The embedded server is composed of every service, over parts that each is opened with its own settings."""

from types import SimpleNamespace
from typing import Any

import pytest

from trackhelm_artifact.objects.opening import ArtifactStores
from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_core.settings import ObjectSettings, RedisSettings, StorageSettings, WebhookSettings
from trackhelm_domain.locations import Places
from trackhelm_embedded import app as embedded
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration

STORAGE = StorageSettings()
REDIS = RedisSettings()
ARTIFACTS = ObjectSettings()
WEBHOOKS = WebhookSettings()


def test_every_service_is_in_it_once() -> None:
    names = [service.name for service in embedded.SERVICES]
    assert sorted(names) == sorted(SERVICE_NAMES)


def test_parts_are_opened_with_their_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores = SimpleNamespace(places=object())
    configuration, runtime = object(), object()
    given: dict[str, tuple[Any, ...]] = {}

    def record(name: str, answer: object) -> Any:
        def called(*arguments: Any) -> object:
            given[name] = arguments
            return answer

        return called

    monkeypatch.setattr(ArtifactStores, "open", record("stores", stores))
    monkeypatch.setattr(WebhookConfiguration, "open", record("webhooks", configuration))
    monkeypatch.setattr(embedded, "open_runtime", record("runtime", runtime))
    assert embedded.open_all(STORAGE, REDIS, ARTIFACTS, WEBHOOKS) is runtime
    assert given["stores"] == (STORAGE, ARTIFACTS)
    assert given["webhooks"] == (STORAGE, REDIS, WEBHOOKS)
    storage, redis, openers = given["runtime"]
    assert (storage, redis) == (STORAGE, REDIS)
    assert {kind: open_part() for kind, open_part in openers.items()} == {
        ArtifactStores: stores,
        Places: stores.places,
        WebhookConfiguration: configuration,
    }


def test_settings_that_contradict_one_another_are_refused_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("they contradict one another")

    monkeypatch.setattr(ArtifactStores, "open", refuse)
    monkeypatch.setattr(embedded, "open_runtime", lambda *_: pytest.fail("the runtime was opened"))
    with pytest.raises(ValueError, match="contradict"):
        embedded.open_all(STORAGE)
