"""Points are packed by series in the order they came in, whatever the order of their keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import InvalidParameterError
from trackhelm_ingest.metrics.reading import pack
from trackhelm_ingest.metrics.schemas import Metric
from trackhelm_ingest.metrics.series import SeriesKey, SeriesPoints

KEYS = st.sampled_from(["a", "b", "c", "d"])


def expected(keys: list[str]) -> dict[SeriesKey, list[int]]:
    steps: dict[SeriesKey, list[int]] = {}
    for step, key in enumerate(keys):
        steps.setdefault(SeriesKey(key), []).append(step)
    return steps


@given(
    st.one_of(
        st.lists(KEYS, max_size=12),
        st.builds(lambda keys, rounds: keys * rounds, st.lists(KEYS, max_size=4), st.integers(1, 4)),
    )
)
def test_points_go_to_the_series_of_their_keys_in_order(keys: list[str]) -> None:
    packed = pack(
        [Metric(key=key, value=step / 2, timestamp=step + 7, step=step) for step, key in enumerate(keys)]
    )
    assert {series: points.steps.tolist() for series, points in packed.items()} == expected(keys)
    assert list(packed) == list(expected(keys))
    assert [series for series, _ in packed.parts()] == list(packed)
    for series, points in packed.parts():
        assert points.timestamps.tolist() == [step + 7 for step in packed[series].steps.tolist()]
        assert points.values.tolist() == [step / 2 for step in packed[series].steps.tolist()]


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="for parameter 'name' supplied: Names may only"):
        pack([Metric(key=key, value=1.0, timestamp=1) for key in ("good", "b;d")])


def test_a_series_that_is_not_there_is_missing() -> None:
    one = SeriesPoints.of({SeriesKey("k"): Points.of([1], [1], [1.0])})
    assert SeriesKey("other") not in one
    assert SeriesPoints.of(one) is one
    assert not SeriesPoints.of({})
