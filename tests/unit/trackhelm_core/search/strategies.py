"""Random expressions and random runs; small alphabets, so that values are often equal."""

import math

from hypothesis import strategies as st

from tests.unit.trackhelm_core.search.toy import STATUSES, ToyRun
from trackhelm_core.search.entity import EQUALITY, LISTS, ORDERING, PATTERNS, PRESENCE
from trackhelm_core.search.grammar import Aggregate, And, Comparison, Expression, Field, Not, Operator, Or

storable = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6)
_any_number = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
_aggregates = st.sampled_from(list(Aggregate))

any_field = st.one_of(
    st.builds(Field, st.none(), storable, st.just(0)),
    st.builds(Field, storable.filter(bool), storable, st.just(0)),
    st.builds(Field, st.sampled_from(["metric", "metrics", "Metrics"]), storable, st.just(0), _aggregates),
)


def _comparing(
    fields: st.SearchStrategy[Field], values: st.SearchStrategy[str | float], single: frozenset[Operator]
) -> st.SearchStrategy[Comparison]:
    patterns = frozenset({Operator.LIKE, Operator.ILIKE})
    text = values.filter(lambda value: isinstance(value, str))
    lists = st.lists(values, min_size=1, max_size=3).map(tuple)
    choices = [
        st.builds(Comparison, fields, st.sampled_from(sorted(single - patterns)), values),
        st.builds(Comparison, fields, st.sampled_from(sorted(LISTS)), lists),
        st.builds(Comparison, fields, st.sampled_from(sorted(PRESENCE))),
    ]
    if single & patterns:
        choices.append(st.builds(Comparison, fields, st.sampled_from(sorted(patterns)), text))
    return st.one_of(choices)


def _combined(leaves: st.SearchStrategy[Comparison]) -> st.SearchStrategy[Expression]:
    def grow(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(parts, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, parts))

    return st.recursive(leaves, grow, max_leaves=8)


any_expression = _combined(_comparing(any_field, storable | _any_number, EQUALITY | ORDERING | PATTERNS))

_keys = st.sampled_from(["a", "b", "a.min", "x y"])
_texts = st.text("aAb%_\\'\"é\n", max_size=4)
_names = st.sampled_from(["run_name", "Run Name", "run_id"])
_integers = st.integers(-2, 2) | st.sampled_from([2**31, 2**53 + 1, -(2**63), 2**63 - 1])
_doubles = st.sampled_from([-1.5, -1.0, 0.0, 1.0, 1e300, math.inf, -math.inf, math.nan])
_ids = st.sampled_from(["0", "1", "12", "01", "x", "", "9" * 30])


def _fields(prefixes: list[str], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Field]:
    return st.builds(Field, st.sampled_from(prefixes), keys, st.just(0))


_attributes = st.sampled_from([None, "attributes", "attr", "run"])
_strings = st.one_of(
    st.builds(Field, _attributes, _names, st.just(0)),
    _fields(["tags", "tag", "params", "parameter"], _keys),
    _fields(["datasets", "dataset"], st.sampled_from(["name", "digest", "context"])),
)
_numbers = st.builds(
    Field, _attributes, st.sampled_from(["start_time", "created", "end_time", "version"]), st.just(0)
)
_metrics = st.builds(Field, st.sampled_from(["metrics", "metric"]), _keys, st.just(0), _aggregates)
_one_id = st.builds(Field, _attributes, st.just("experiment_id"), st.just(0))
_status = st.builds(Field, _attributes, st.just("status"), st.just(0))

run_expression = _combined(
    st.one_of(
        _comparing(_strings, _texts, EQUALITY | PATTERNS),
        _comparing(_numbers, _integers | st.sampled_from([0.5, -1e300, 2.0]), EQUALITY | ORDERING),
        _comparing(_metrics, _integers | _doubles, EQUALITY),
        _comparing(_metrics, (_integers | _doubles).filter(lambda value: value == value), ORDERING),  # noqa: PLR0124
        _comparing(_one_id, _ids, EQUALITY),
        _comparing(_status, st.sampled_from(sorted(STATUSES)), EQUALITY),
        st.builds(
            Comparison,
            _status,
            st.sampled_from([Operator.LIKE, Operator.ILIKE]),
            st.sampled_from(["%", "F%", "f%", "_ILLED", "KILLED", ""]),
        ),
    )
)

runs = st.lists(
    st.builds(
        ToyRun,
        run_id=_texts,
        experiment_id=st.sampled_from([0, 1, 12]),
        run_name=st.none() | _texts,
        status=st.sampled_from(sorted(STATUSES)),
        start_time=_integers,
        end_time=st.none() | _integers,
        version=st.integers(-2, 2),
        tags=st.dictionaries(_keys, _texts, max_size=3),
        params=st.dictionaries(_keys, _texts, max_size=3),
        metrics=st.dictionaries(_keys, st.tuples(_doubles, _doubles, _doubles), max_size=3),
        datasets=st.lists(
            st.fixed_dictionaries({"name": _texts, "digest": _texts, "context": _texts}), max_size=2
        ),
    ),
    min_size=1,
    max_size=4,
)
