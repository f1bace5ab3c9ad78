"""Requests and answers about the datasets of experiments."""

from collections.abc import Iterable

from msgspec import field

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import WireModel


class SearchDatasets(WireModel):
    """`POST experiments/search-datasets`."""

    experiment_ids: tuple[str, ...] = ()


class DatasetSummary(Reply, frozen=True):
    """A dataset that runs of an experiment used, in one context."""

    experiment_id: str
    name: str
    digest: str
    context: str | None = None


class DatasetSummaries(Reply, frozen=True):
    """The answer of `experiments/search-datasets`."""

    dataset_summaries: list[DatasetSummary] = field(default_factory=list)


def dataset_summaries(rows: Iterable[tuple[int, str, str, str | None]]) -> DatasetSummaries:
    """Return summaries in the wire form."""
    return DatasetSummaries(
        [
            DatasetSummary(str(experiment_id), name, digest, context)
            for experiment_id, name, digest, context in rows
        ]
    )
