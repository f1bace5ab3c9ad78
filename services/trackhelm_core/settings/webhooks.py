"""Webhooks: whom they may call, and how often an attempt is repeated."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from trackhelm_core.settings.auth import Network, networks
from trackhelm_core.settings.group import SettingsGroup
from trackhelm_core.settings.secrets import secret_text


class WebhookSettings(SettingsGroup):
    """Webhooks. Registry and workers of a deployment must be given the same."""

    secret_key: SecretStr | None = Field(
        None,
        description="Keys of stored secrets, comma-separated: the first encrypts, any decrypts.",
    )
    secret_key_file: Path | None = Field(None, description="File that holds the keys.")
    webhook_allow_http: bool = Field(
        default=False, description="Whether webhooks may have `http://` addresses beside `https://`."
    )
    webhook_private_networks: str = Field(
        "",
        description="Private networks that webhooks may call, `10.1.0.0/16,127.0.0.0/8`; by default none.",
    )
    webhook_timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Longest attempt to call a webhook, from the name's look-up to the answer.",
    )
    webhook_attempts: int = Field(
        16,
        ge=1,
        le=100,
        description="Attempts to deliver an event, over some 6 hours, until it is a dead letter.",
    )
    webhook_keep_days: float = Field(
        7.0, ge=0, le=3650, description="How long deliveries that succeeded can be listed and sent again."
    )

    @field_validator("webhook_private_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks(value)
        return value

    @model_validator(mode="after")
    def _are_given_once(self) -> Self:
        if self.secret_key is not None and self.secret_key_file is not None:
            raise ValueError("secret_key and secret_key_file are both given: one is enough")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, of the file where one is given. Raises `ValueError` if it cannot be read."""
        try:
            text = secret_text(self.secret_key, self.secret_key_file)
        except OSError as error:
            raise ValueError(f"TRACKHELM_SECRET_KEY_FILE cannot be read: {error}") from error
        return tuple(key.strip() for key in text.split(",") if key.strip())

    @property
    def private_networks(self) -> tuple[Network, ...]:
        """The private networks that webhooks may call."""
        return networks(self.webhook_private_networks)
