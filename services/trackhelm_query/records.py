"""What the store read, before it is put into the wire's form: rows as they came, and nothing computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

Rows = Sequence[Row[*tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class ExperimentRecords:
    """Experiments and their tags. The columns are those of `store.experiments`."""

    experiments: Rows
    tags: Rows


@dataclass(frozen=True, slots=True)
class RunRecords:
    """Runs and all that is shown of them. The columns are those of `store.runs` and `store.run_details`.

    All but `runs` may hold rows in any number for a run, none included.
    """

    runs: Rows
    key_names: Mapping[int, str]
    params: Rows
    tags: Rows
    metrics: Rows
    dataset_uses: Rows
    datasets: Rows
    dataset_tags: Rows
    model_inputs: Rows
    model_outputs: Rows

    @property
    def run_ids(self) -> list[str]:
        """The public ids of the runs."""
        return [row.uuid for row in self.runs]


@dataclass(frozen=True, slots=True)
class SeriesRecords:
    """Series and their summaries. The columns are those of `store.series.summaries`."""

    series: Rows
    key_names: Mapping[int, str]
