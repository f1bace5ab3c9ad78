"""What a process needs to call webhooks: their settings, and the key that seals their secrets."""

from dataclasses import dataclass
from typing import Self

from trackhelm_core.security.sealing import SecretBox
from trackhelm_core.settings import RedisSettings, StorageSettings, WebhookSettings


@dataclass(frozen=True, slots=True)
class WebhookConfiguration:
    """The settings of webhooks, and the box that seals and opens their secrets."""

    settings: WebhookSettings
    secrets: SecretBox

    @classmethod
    def open(
        cls,
        storage: StorageSettings,
        redis: RedisSettings | None = None,
        webhooks: WebhookSettings | None = None,
    ) -> Self:
        """Read the configuration from the settings; reads the settings of webhooks if none are given.

        Raises:
            ValueError: A key is not valid.
        """
        webhooks = webhooks or WebhookSettings()
        # With a queue there may be several machines, which could not share a key that one of them makes.
        alone = redis is None or redis.effective_redis_url is None
        return cls(
            webhooks, SecretBox(webhooks.keys, storage.data.absolute() / "secret.key" if alone else None)
        )
