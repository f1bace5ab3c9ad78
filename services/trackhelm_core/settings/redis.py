"""The queue of metrics."""

from pydantic import Field

from trackhelm_core.settings.group import SettingsGroup


class RedisSettings(SettingsGroup):
    """The queue of metrics in the split shape. Every process of a deployment must be given the same."""

    redis_url: str | None = Field(
        None,
        description="Redis that metrics wait in, `redis://…` or `rediss://…`; without one nothing waits.",
    )
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
