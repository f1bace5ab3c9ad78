"""A budget is never overdrawn, never lost, and handed out in the order of asking."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_artifact.objects.remote_calls import Budget

LEAVES = ("no", "alone", "with the next")


@given(
    size=st.integers(1, 20),
    shares=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.sampled_from(LEAVES)), max_size=20),
)
def test_the_shares_held_at_once_fit_and_all_of_it_comes_back(
    size: int, shares: list[tuple[int, int, str]]
) -> None:
    async def run() -> int:
        budget = Budget(size)
        held = most = 0

        async def hold(wanted: int, turns: int) -> None:
            nonlocal held, most
            async with budget.share(wanted, 60):
                held += min(wanted, size)
                most = max(most, held)
                try:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                finally:
                    held -= min(wanted, size)

        holders = [asyncio.create_task(hold(wanted, turns)) for wanted, turns, _ in shares]
        await asyncio.sleep(0)
        for holder, (_, _, leaves) in zip(holders, shares, strict=True):
            if leaves != "no":
                holder.cancel()
            if leaves == "alone":
                await asyncio.sleep(0)
        await asyncio.gather(*holders, return_exceptions=True)
        async with budget.share(size, 0):
            return most

    assert asyncio.run(run()) <= size


def test_who_waits_too_long_is_told_and_those_behind_go_on() -> None:
    async def run() -> None:
        budget = Budget(10)
        async with budget.share(6, 0):
            with pytest.raises(TimeoutError):
                async with budget.share(5, 0.001):
                    raise AssertionError
            async with budget.share(4, 0):
                pass

    asyncio.run(run())


def test_two_who_give_up_in_the_same_moment_are_both_told() -> None:
    async def run() -> list[BaseException | None]:
        budget = Budget(10)

        async def hold(wanted: int) -> None:
            async with budget.share(wanted, 0):
                raise AssertionError

        async with budget.share(6, 0):
            # The second fits, but for the first, which it must not overtake.
            told = [*await asyncio.gather(hold(5), hold(4), return_exceptions=True)]
        async with budget.share(10, 0):
            return told

    assert [type(error) for error in asyncio.run(run())] == [TimeoutError, TimeoutError]


def test_a_small_share_does_not_overtake_a_large_one() -> None:
    async def run() -> list[int]:
        budget = Budget(10)
        order = []

        async def hold(wanted: int) -> None:
            async with budget.share(wanted, 60):
                order.append(wanted)

        async with budget.share(6, 0):
            waiting = [asyncio.create_task(hold(wanted)) for wanted in (9, 2)]
            await asyncio.sleep(0)
            assert order == []
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(run()) == [9, 2]
