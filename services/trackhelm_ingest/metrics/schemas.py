"""Metrics and batches as they are received: as lenient as protobuf, and documented."""

from typing import Annotated

import msgspec
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trackhelm_core.limits import DATASET_DIGEST_LENGTH, DATASET_NAME_LENGTH
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Milliseconds, OfRun, Required, WireModel
from trackhelm_domain.tables.registry import MODEL_ID_LENGTH
from trackhelm_ingest.metrics.series import labels_violation
from trackhelm_ingest.runs.schemas import Tag


def _check_labels(labels: dict[str, str]) -> dict[str, str]:
    if fault := labels_violation(labels):
        raise PydanticCustomError("labels", "{fault}", {"fault": fault})
    return labels


PointLabels = Annotated[dict[str, str], AfterValidator(_check_labels)]
"""The labels of a point besides those from MLflow's own fields: `{"rank": "3"}`."""


class Metric(WireModel):
    """A metric point. A non-finite value is `"NaN"`, `"Infinity"` or `"-Infinity"`."""

    key: Required
    value: float
    timestamp: Milliseconds
    step: Int64 = 0
    model_id: Annotated[str | None, Field(max_length=MODEL_ID_LENGTH)] = None
    dataset_name: Annotated[str | None, Field(max_length=DATASET_NAME_LENGTH)] = None
    dataset_digest: Annotated[str | None, Field(max_length=DATASET_DIGEST_LENGTH)] = None
    labels: PointLabels | None = None


class RefusedPoints(Reply, frozen=True):
    """Points of a columnar request that are not stored: a block, or one row of it."""

    block: int
    """The block's place in the request, from 0."""
    error_code: str
    message: str
    row: int | None = None
    """The row's place in the block, from 0; absent if the whole block is refused."""


class StoredMetrics(Reply, frozen=True):
    """The answer to a columnar request: everything is stored but what is refused."""

    acknowledged: int
    """The sequence number of the request."""
    refused: list[RefusedPoints] = msgspec.field(default_factory=list)


class Capabilities(Reply, frozen=True):
    """What this server offers beside MLflow's API. No field has a default: clients look for each."""

    version: str
    metrics_protocols: list[int]
    """The versions of the columnar body of metrics that are read."""
    metrics_compressions: list[str]
    """How the blocks of that body may be compressed."""
    metrics_body_bytes: int
    """The greatest size of that body, compressed and not."""
    labels: bool
    """Whether the points of a metric may have labels."""
    client_run_ids: bool
    """Whether a run may be created with an id that the client made."""


class Param(WireModel):
    """A param to log. An absent value is an empty one."""

    key: Required
    value: str = ""


class LogBatch(OfRun):
    """`POST runs/log-batch`: at most 1,000 metrics, 100 params and 100 tags, 1,000 in all."""

    metrics: tuple[Metric, ...] = ()
    params: tuple[Param, ...] = ()
    tags: tuple[Tag, ...] = ()


class LogMetric(Metric, OfRun):
    """`POST runs/log-metric`."""
