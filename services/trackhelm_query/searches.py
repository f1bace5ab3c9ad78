"""A search as a caller asks for it, as the store carries it out, and what it read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from trackhelm_core.search.expression import Expression
from trackhelm_core.search.grammar import OrderTerm, parse_filter, parse_order_by
from trackhelm_core.search.pages import JSON, PageRequest, query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_domain.runs.schemas import Rows
from trackhelm_domain.tables.lifecycle import LifecycleStage

# What the store read, before it is put into the wire's form: rows as they came, and nothing computed.


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


# A search as a caller asks for it, and as the store carries it out.


@dataclass(frozen=True, slots=True)
class Search:
    """A search to carry out: rows of these stages that fulfil `where` (None: all of them)."""

    stages: Sequence[LifecycleStage]
    where: Expression | None
    order: Sequence[OrderTerm]
    page: PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A search in the caller's words. An empty `page_token` asks for the first page."""

    filter_text: str
    order_by: Sequence[str]
    stages: Sequence[LifecycleStage]
    max_results: int
    page_token: str

    def parse(self, scope: Sequence[JSON], *, largest_page: int) -> Search:
        """Return the search these words mean.

        `scope` is what else makes the query itself, so that a page token of another one is refused.
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
"""Characters. Longer filters are read each time: what is remembered stays small, whatever is asked."""


def _read_filter(text: str) -> Expression | None:
    """Return what a filter means. Scripts ask the same again and again, and reading it takes 60 us."""
    return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else parse_filter(text)


_remembered = lru_cache(200)(parse_filter)
