"""Searches: as a caller requests them, as the store runs them, and the rows that the store has read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from trackhelm_core.db.statements import PlainRows
from trackhelm_core.search.grammar import Expression, OrderTerm, parse_filter, parse_order_by
from trackhelm_core.search.pages import JSON, PageRequest, query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_domain.tables.runs import LifecycleStage

# The rows that the store has read, before the wire form is made from them.


@dataclass(frozen=True, slots=True)
class ExperimentRecords:
    """Experiments and their tags. The columns are those of `experiments.store`."""

    experiments: PlainRows
    tags: PlainRows


class StoredSeries(NamedTuple):
    """A series with its summary. The labels are JSON, and a value that is None is NaN."""

    run: int
    label_set: int
    key: int
    run_id: str
    labels: str
    last_step: int
    last_timestamp: int
    last_value: float
    min: float | None
    max: float | None
    points: int
    nonfinite: int


@dataclass(frozen=True, slots=True)
class SeriesRecords:
    """Series and their summaries, and the names of their keys."""

    series: Sequence[StoredSeries]
    key_names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Search:
    """A search as the store runs it: the rows in these stages that match `where` (None: all rows)."""

    stages: Sequence[LifecycleStage]
    where: Expression | None
    order: Sequence[OrderTerm]
    page: PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A search as a caller requests it. An empty `page_token` means the first page."""

    filter_text: str
    order_by: Sequence[str]
    stages: Sequence[LifecycleStage]
    max_results: int
    page_token: str

    def parse(self, scope: Sequence[JSON], *, largest_page: int) -> Search:
        """Return the parsed search.

        `scope` is what else identifies the query, so that the page token of another query is refused.
        """
        check_page_size(self.max_results, largest_page)
        digest = query_digest(*scope, self.filter_text, list(self.order_by), list(self.stages))
        return Search(
            self.stages,
            _read_filter(self.filter_text),
            parse_order_by(self.order_by),
            PageRequest(digest, self.page_token, self.max_results),
        )


_REMEMBERED_LENGTH: Final = 1_000
"""In characters. Longer filters are parsed each time, so that the cache stays small."""


def _read_filter(text: str) -> Expression | None:
    """Parse a filter. It is cached, because scripts repeat the same filters and parsing takes 60 us."""
    return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else parse_filter(text)


_remembered = lru_cache(200)(parse_filter)
