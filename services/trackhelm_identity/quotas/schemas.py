"""Requests and answers about quotas."""

from typing import Annotated

from pydantic import Field

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, WireModel

Stock = Annotated[Int64, Field(ge=0)]
PerSecond = Annotated[Int64, Field(ge=1)]


class SetQuotas(WireModel):
    """`POST trackhelm/workspaces/quotas`: all quotas of the workspace, and none of what is absent."""

    points_per_second: PerSecond | None = None
    points_burst: PerSecond | None = None
    requests_per_second: PerSecond | None = None
    series_per_run: PerSecond | None = None
    bytes: Stock | None = None
    runs: Stock | None = None
    experiments: Stock | None = None
    registered_models: Stock | None = None
    tokens: Stock | None = None
    webhooks: Stock | None = None


class QuotasMessage(Reply, frozen=True):
    """The quotas of a workspace; what is absent has none."""

    points_per_second: int | None = None
    points_burst: int | None = None
    requests_per_second: int | None = None
    series_per_run: int | None = None
    bytes: int | None = None
    runs: int | None = None
    experiments: int | None = None
    registered_models: int | None = None
    tokens: int | None = None
    webhooks: int | None = None


class UsageMessage(Reply, frozen=True):
    """What a workspace has."""

    bytes: int
    runs: int
    experiments: int
    registered_models: int
    tokens: int
    webhooks: int


class WorkspaceUsageAnswer(Reply, frozen=True):
    """The quotas of a workspace, and what it uses.

    `counted_time` is when its runs and bytes were last counted, in milliseconds since the epoch; 0 if never.
    While it has quotas, they are kept up to date with each change.
    """

    workspace: str
    quotas: QuotasMessage
    usage: UsageMessage
    counted_time: int
