"""What was read of runs, before it is put into the wire's form: rows as they came, and nothing computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Row

from trackhelm_core.db.plain_rows import PlainRows

Rows = Sequence[Row[*tuple[Any, ...]]]


class Detail(IntEnum):
    """What a row of a run's details is: (kind, run id, reference, text, double, integer, step).

    A param or tag has its key's id as reference and its value as text; a metric has its key's id, and value
    (NaN is None), timestamp and step of its last point; a use of a dataset has the dataset's id, and its own
    as integer; a model that was read or made has its public id as text, and the step at which it was made.
    """

    PARAM = 0
    TAG = 1
    METRIC = 2
    DATASET = 3
    MODEL_INPUT = 4
    MODEL_OUTPUT = 5


KEYED: Final = frozenset(map(int, (Detail.PARAM, Detail.TAG, Detail.METRIC)))
"""The kinds that refer to a key."""


@dataclass(frozen=True, slots=True)
class RunRecords:
    """Runs and all that is shown of them. The columns are those of `reading` and `selects`.

    A run has a document or details, as many as it has; details are in the order in which they are shown,
    kind by kind.
    """

    runs: Rows | PlainRows
    details: PlainRows = ()
    key_names: Mapping[int, str] = field(default_factory=dict)
    datasets: PlainRows = ()
    dataset_tags: PlainRows = ()
    documents: Mapping[int, bytes] = field(default_factory=dict)
    """Documents of settled runs, by the runs' integer ids."""

    @property
    def run_ids(self) -> list[str]:
        """The public ids of the runs."""
        return [row[1] for row in self.runs]
