"""What the store read, before it is put into the wire's form: rows as they came, and nothing computed."""

from collections.abc import Mapping
from dataclasses import dataclass

from trackhelm_core.run_contents.records import Rows


@dataclass(frozen=True, slots=True)
class ExperimentRecords:
    """Experiments and their tags. The columns are those of `store.experiments`."""

    experiments: Rows
    tags: Rows


@dataclass(frozen=True, slots=True)
class SeriesRecords:
    """Series and their summaries. The columns are those of `store.series.summaries`."""

    series: Rows
    key_names: Mapping[int, str]
