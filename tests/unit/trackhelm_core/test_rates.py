"""Buckets: never more than the rate and the burst, and whatever is refused may be taken after the wait."""

from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.errors import ErrorCode
from trackhelm_core.rates import LONGEST_WAIT_SECONDS, Buckets, Rate, too_fast


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_gives_its_burst_and_then_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    rate = Rate(per_second=10, burst=20)
    assert [buckets.take("a", rate, 10) for _ in range(2)] == [0, 0]
    assert buckets.take("a", rate, 1) > 0
    assert buckets.take("b", rate, 20) == 0, "each name has a bucket of its own"
    clock.now += 1
    assert buckets.take("a", rate, 10) == 0
    assert buckets.take("a", rate, 1) > 0


def test_more_than_the_burst_is_taken_from_a_full_bucket_which_goes_into_debt() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    rate = Rate(per_second=10, burst=20)
    assert buckets.take("a", rate, 1_000) == 0
    wait = buckets.take("a", rate, 1_000)
    assert 99 < wait <= 100
    clock.now += wait - 0.5
    assert buckets.take("a", rate, 1_000) > 0
    clock.now += 0.51
    assert buckets.take("a", rate, 1_000) == 0


@given(
    st.integers(1, 1_000),
    st.integers(1, 5_000),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4_000)), max_size=40),
)
def test_no_more_passes_than_was_earned(per_second: int, burst: int, sent: list[tuple[float, int]]) -> None:
    clock = Clock()
    buckets = Buckets(clock)
    rate = Rate(per_second, burst)
    passed, largest, began = 0, 0, clock.now
    for pause, amount in sent:
        clock.now += pause
        wait = buckets.take("a", rate, amount)
        if wait:
            clock.now += wait + 1e-6
            assert buckets.take("a", rate, amount) == 0, "after the wait it passes"
        passed += amount
        largest = max(largest, amount)
    assert passed <= (clock.now - began) * per_second + max(burst, largest) + 1


def test_what_a_client_is_told_to_wait_is_within_its_patience() -> None:
    for seconds, told in ((0.001, 1), (1.2, 2), (1e9, LONGEST_WAIT_SECONDS)):
        error = too_fast("You may send 1 request a second.", seconds)
        assert (error.code, error.status) == (ErrorCode.REQUEST_LIMIT_EXCEEDED, 429)
        assert error.retry_after_seconds == told
