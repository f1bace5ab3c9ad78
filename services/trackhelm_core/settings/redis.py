"""The queue of metrics."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from trackhelm_core.settings.group import SettingsGroup
from trackhelm_core.settings.secrets import url_of


class RedisSettings(SettingsGroup):
    """The queue of metrics in the split shape. Every process of a deployment must be given the same."""

    redis_url: str | None = Field(
        None,
        description="Redis that metrics wait in, `redis://…` or `rediss://…`; without one nothing waits.",
    )
    redis_url_file: Path | None = Field(None, description="File that holds that URL, and its password.")
    redis_timeout_seconds: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Longest wait for an answer of Redis; past it a request is refused with 503.",
    )
    queue_partitions: int = Field(
        16,
        ge=1,
        le=1024,
        description="Streams that runs are spread over; each is drained by one worker at a time.",
    )
    queue_backlog: int = Field(
        20_000,
        ge=1,
        description="Requests that may wait in a partition; past it metrics are refused with 429.",
    )
    queue_backlog_bytes: int = Field(
        512 * 1024 * 1024,
        # One request is 32 MiB at most.
        ge=32 * 1024 * 1024,
        description="Bytes of metrics that may wait in Redis, of all partitions together; past it metrics "
        "are refused with 429.",
    )
    read_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=60,
        description="Longest wait of a read for metrics that are accepted but not yet stored; past it, 503.",
    )

    @model_validator(mode="after")
    def _is_given_once_and_can_be_read(self) -> Self:
        if self.redis_url is not None and self.redis_url_file is not None:
            raise ValueError("redis_url and redis_url_file are both given: one is enough")
        _ = self.effective_redis_url
        return self

    @property
    def effective_redis_url(self) -> str | None:
        """The URL, of its file where one is given; None for no queue. Raises `ValueError`."""
        return url_of(self.redis_url, self.redis_url_file, "redis_url_file")
