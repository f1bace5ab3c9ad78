"""Points for property tests: any bits, and the shapes that encoders special-case."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from trackhelm_core.chunks.points import Points

INT64 = st.integers(-(2**63), 2**63 - 1)
BITS = st.integers(0, 2**64 - 1)


def float_of(bits: int) -> float:
    return float(np.array(bits, np.uint64).view(np.float64))


FLOATS = st.one_of(
    st.floats(),
    st.floats(width=32),
    st.integers(-(10**6), 10**6).map(lambda number: number / 10**4),
    st.sampled_from([0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e300, 5e-324]),
)


INTEGER_KINDS = [INT64, st.integers(-300, 300), st.integers(1_760_000_000_000, 1_760_000_100_000)]
FLOAT_KINDS = [
    FLOATS,
    st.floats(width=32),
    BITS.map(float_of),
    st.integers(-(10**6), 10**6).map(lambda number: number / 10**4),
]


@st.composite
def points(draw: st.DrawFn, max_size: int = 60) -> Points:
    """Points of any order and multiplicity: each column is of a kind of its own."""
    count = draw(st.integers(0, max_size))
    steps = _column(draw, count)
    timestamps = _column(draw, count)
    kind = draw(st.sampled_from(FLOAT_KINDS))
    values = draw(st.lists(kind, min_size=count, max_size=count))
    return Points.of(steps, timestamps, values)


def _column(draw: st.DrawFn, count: int) -> list[int]:
    if draw(st.booleans()):
        start, pace = draw(st.integers(-(2**40), 2**40)), draw(st.integers(-1000, 1000))
        return [start + pace * index for index in range(count)]
    kind = draw(st.sampled_from(INTEGER_KINDS))
    return draw(st.lists(kind, min_size=count, max_size=count))


@st.composite
def colliding_points(draw: st.DrawFn) -> Points:
    """Points of so few distinct coordinates that duplicates and ties are the rule."""
    row = st.tuples(
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from([0.0, -0.0, 1.0, -1.0, float("nan"), -float("nan"), float("inf"), -float("inf")]),
    )
    rows = draw(st.lists(row, max_size=12))
    return Points.of([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
