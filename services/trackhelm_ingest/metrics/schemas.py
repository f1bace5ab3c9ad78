"""Metrics and batches as they are received. They are described twice, on purpose.

msgspec decodes a body in exactly the stock client's form directly into structs: 1,000 points in well under a
millisecond. A body that it refuses (another spelling, a number in quotes, a null, a violation) is read again
by the pydantic models, which are as lenient as protobuf, explain violations with MLflow's messages, and
document the endpoint. If there is compiled code, it reads plain batches before both (`read_plain_batch`).
Tests check that all of them read the same.
"""

from typing import Annotated

import msgspec
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trackhelm_core.limits import DATASET_DIGEST_LENGTH, DATASET_NAME_LENGTH, INT64_MAX, INT64_MIN
from trackhelm_core.wire.requests import Int64, Milliseconds, OfRun, Required, WireModel
from trackhelm_domain.tables.logged_models import MODEL_ID_LENGTH
from trackhelm_ingest.metrics.series import labels_violation
from trackhelm_ingest.runs.schemas import Tag

_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]


class PlainPoint(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A metric in the stock client's form with a JSON number as value, without a model or dataset."""

    key: Annotated[str, msgspec.Meta(min_length=1)]
    value: float
    timestamp: _Milliseconds
    step: _Int64 = 0


class MetricPoint(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A metric in the stock client's form, with or without a model or dataset."""

    key: str
    value: float
    timestamp: _Milliseconds
    step: _Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    labels: dict[str, str] | None = None


class KeyValuePair(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A param or tag in the stock client's form."""

    key: str
    value: str


class BatchMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A log-batch in the stock client's form."""

    run_id: str
    metrics: list[MetricPoint] = []
    params: list[KeyValuePair] = []
    tags: list[KeyValuePair] = []

    @property
    def run(self) -> str:
        """The run's id."""
        return self.run_id


class PlainBatch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A log-batch of plain points in the stock client's form."""

    run_id: str
    metrics: list[PlainPoint] = []
    params: list[KeyValuePair] = []
    tags: list[KeyValuePair] = []


class MetricMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A log-metric in the stock client's form: a point, and the run's id under both names."""

    run_id: str
    run_uuid: str
    key: str
    value: float
    timestamp: _Milliseconds
    step: _Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    labels: dict[str, str] | None = None

    @property
    def run(self) -> str:
        """The run's id."""
        return self.run_id


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


AnyMetric = MetricPoint | MetricMessage | Metric
"""A metric point in any of the forms."""
