"""Rules for the keys and values of experiments: which are found by a text, and in which order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import KEYS_PAGE, SUMMARY_EXPERIMENTS, VALUES_PAGE
from trackhelm_core.validation import check_page_size, parse_experiment_id
from trackhelm_domain.access.checks import permitted_experiments
from trackhelm_query.keys import store
from trackhelm_query.keys.store import FoundValue, KeyKind


class FoundKey(NamedTuple):
    """A key, and how many runs have it; None if they were not to be counted."""

    key: str
    runs: int | None


class FoundKeys(NamedTuple):
    """Keys of one kind, and how many there are in all that contain the text."""

    keys: Sequence[FoundKey]
    total: int


def searched_experiments(session: Session, experiment_ids: Sequence[str]) -> list[int]:
    """Return the ids of the experiments that a request names and may read, each once.

    Raises:
        InvalidParameterError: There is none, there are too many, or one is no id.
    """
    searched = sorted({parse_experiment_id(experiment_id) for experiment_id in experiment_ids})
    if not 1 <= len(searched) <= SUMMARY_EXPERIMENTS:
        raise InvalidParameterError(
            f"Invalid value for parameter 'experiment_ids' supplied: {len(searched)} are named. "
            f"Allowed: 1 to {SUMMARY_EXPERIMENTS}"
        )
    return sorted(permitted_experiments(session, searched))


@dataclass(frozen=True, slots=True)
class KeySearch:
    """Which keys are searched for: those that contain a text in any case, at most `max_results` of a kind."""

    text: str
    max_results: int
    counts: bool
    """Whether the runs that have each key are counted."""


def search_keys(
    session: Session, experiment_ids: Sequence[str], kinds: Sequence[KeyKind], asked: KeySearch
) -> dict[KeyKind, FoundKeys]:
    """Return the keys that are searched for: those that begin with the text first, then by their names.

    The runs of an experiment's bin count, too.
    """
    searched = searched_experiments(session, experiment_ids)
    check_page_size(asked.max_results, KEYS_PAGE)
    return {
        kind: (
            _metrics(session, searched, asked)
            if kind is KeyKind.METRIC
            else _params_or_tags(session, kind, searched, asked)
        )
        for kind in kinds
    }


def _metrics(session: Session, searched: Sequence[int], asked: KeySearch) -> FoundKeys:
    ids = {experiment: store.metric_key_ids(session, experiment) for experiment in searched}
    names = store.names(session, set().union(*ids.values()))
    found = _matching({key_id for some in ids.values() for key_id in some}, names, asked.text)
    shown = found[: asked.max_results]
    if not asked.counts:
        return FoundKeys([FoundKey(names[key_id], None) for key_id in shown], len(found))
    counts: Counter[int] = Counter()
    for experiment, some in ids.items():
        counts.update(store.metric_counts(session, experiment, some.intersection(shown)))
    return FoundKeys([FoundKey(names[key_id], counts[key_id]) for key_id in shown], len(found))


def _params_or_tags(session: Session, kind: KeyKind, searched: Sequence[int], asked: KeySearch) -> FoundKeys:
    counts = store.param_or_tag_counts(session, kind, searched)
    names = store.names(session, counts)
    found = _matching(set(counts), names, asked.text)
    shown = found[: asked.max_results]
    return FoundKeys(
        [FoundKey(names[key_id], counts[key_id] if asked.counts else None) for key_id in shown], len(found)
    )


def _matching(key_ids: set[int], names: Mapping[int, str], text: str) -> list[int]:
    wanted = text.lower()
    found = (key_id for key_id in key_ids if wanted in names[key_id].lower())
    return sorted(found, key=lambda key_id: (not names[key_id].lower().startswith(wanted), names[key_id]))


def search_values(
    session: Session, experiment_ids: Sequence[str], of: tuple[KeyKind, str], text: str, max_results: int
) -> list[FoundValue]:
    """Return the values of a param or tag that contain a text in any case, the most frequent first."""
    searched = searched_experiments(session, experiment_ids)
    check_page_size(max_results, VALUES_PAGE)
    return store.values(session, *of, searched, text=text, limit=max_results)
