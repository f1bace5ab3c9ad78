"""What makes two searches of runs one statement: all but experiments, size of the page and its beginning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sqlalchemy import BigInteger, BindParameter, Integer, bindparam

from trackhelm_core.db.lists import Values, list_parameter
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.search.entity import EntitySearch
from trackhelm_core.search.expression import Expression
from trackhelm_core.search.order import OrderTerm
from trackhelm_query.store.run_fields import run_search

EXPERIMENT: Final[BindParameter[int]] = bindparam("experiment", type_=BigInteger)
EXPERIMENTS: Final = "experiments"
ROW_LIMIT: Final[BindParameter[int]] = bindparam("row_limit", type_=Integer)
"""Rows of the page, and the one that says whether another page follows."""


@dataclass(frozen=True)
class RunQuery:
    """A search of runs, as a key by which its statement is remembered."""

    dialect: str
    is_of_one_experiment: bool
    stages: tuple[LifecycleStage, ...]
    where: Expression | None
    order: tuple[OrderTerm, ...]
    keys: tuple[tuple[str, int], ...]
    """Names and ids of those keys, of all that it names, that exist."""
    pairs_of: int | None = None
    """The experiment, where the statement is of it alone: it names the digests of its runs' pairs."""

    @cached_property
    def key_ids(self) -> Mapping[str, int]:
        """The ids of keys by their names."""
        return dict(self.keys)

    @cached_property
    def entity(self) -> EntitySearch:
        """What can be searched."""
        return run_search(self.key_ids)

    def parameters(self, experiment_ids: Sequence[int], row_limit: int) -> dict[str, Values | int]:
        """Return the parameters of its statements."""
        if self.is_of_one_experiment:
            return {EXPERIMENT.key: experiment_ids[0], ROW_LIMIT.key: row_limit}
        return {EXPERIMENTS: list_parameter(self.dialect, experiment_ids), ROW_LIMIT.key: row_limit}
