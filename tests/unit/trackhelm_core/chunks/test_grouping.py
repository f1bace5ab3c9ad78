"""Many series together come out as each of them alone does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trackhelm_core.chunks import strategies
from trackhelm_core.chunks.points import Points, group, merge, summarise, summarise_each

parts = st.lists(
    st.one_of(strategies.points(max_size=12), strategies.colliding_points()).filter(len),
    min_size=1,
    max_size=6,
)


def joined(several: list[Points]) -> Points:
    return Points(
        np.concatenate([part.steps for part in several]),
        np.concatenate([part.timestamps for part in several]),
        np.concatenate([part.values for part in several]),
    )


def rows(points: Points) -> list[tuple[int, int, int]]:
    bits = points.values.view(np.int64).tolist()
    return list(zip(points.steps.tolist(), points.timestamps.tolist(), bits, strict=True))


@given(parts, st.randoms(use_true_random=False))
def test_each_group_is_merged_and_summarised_as_if_it_were_alone(
    several: list[Points], chance: object
) -> None:
    codes = np.repeat(np.arange(len(several)), [len(part) for part in several])
    points = joined(several)
    shuffled = np.array(chance.sample(range(len(codes)), len(codes)), np.intp)  # type: ignore[attr-defined]
    mixed = Points(points.steps[shuffled], points.timestamps[shuffled], points.values[shuffled])
    grouped = group(mixed, codes[shuffled], len(several))
    alone = [merge([part]) for part in several]
    assert [rows(part) for part in grouped] == [rows(part) for part in alone]
    assert [repr(one) for one in summarise_each(grouped)] == [repr(summarise(part)) for part in alone]


def test_more_groups_than_16_bits_number() -> None:
    number = 70_000
    points = Points(np.arange(number), np.ones(number, np.int64), np.arange(number, dtype=np.float64))
    grouped = group(points, np.arange(number)[::-1].copy(), number)
    assert [part.steps.tolist() for part in grouped][:2] == [[69_999], [69_998]]
    assert len(grouped) == number
