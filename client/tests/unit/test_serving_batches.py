"""Requests that are asked together: each gets its own answer, whatever the others are."""

import asyncio
import json
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackhelm.serving.batching import Batcher, CannotSplitError, Question

BAD = -1


def doubled(questions: Sequence[Question]) -> list[Any]:
    """Doubles numbers, and refuses the whole call if one of them is bad."""
    if any(BAD in question.data for question in questions):
        raise ValueError("a bad row")
    return [[2 * value for value in question.data] for question in questions]


async def answers(questions: list[Question], ask: Any, calls: list[int], most_rows: int = 1_000) -> list[Any]:
    batcher = Batcher(ask, lambda count, _rows, _seconds: calls.append(count), most_rows)
    found = await asyncio.gather(*map(batcher.ask, questions), return_exceptions=True)
    await batcher.close()
    return list(found)


ROWS = st.lists(st.sampled_from([BAD, 1, 2, 3]), min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(st.tuples(ROWS, st.sampled_from(["a", "b", None])), max_size=30), st.integers(1, 12))
def test_everybody_gets_the_own_answer(asked: list[tuple[list[int], str | None]], most_rows: int) -> None:
    calls: list[int] = []
    questions = [Question(rows, None, len(rows), key) for rows, key in asked]
    found = asyncio.run(answers(questions, doubled, calls, most_rows))
    for (rows, _), answer in zip(asked, found, strict=True):
        if BAD in rows:
            assert isinstance(answer, ValueError)
        else:
            assert answer == [2 * value for value in rows]
    assert sum(calls) == len(asked)


def test_what_waits_together_is_one_call() -> None:
    first_is_asked, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def ask(questions: Sequence[Question]) -> list[Any]:
        sizes.append(len(questions))
        if len(sizes) == 1:
            first_is_asked.set()
            assert go_on.wait(30)
        return doubled(questions)

    async def run() -> list[Any]:
        batcher = Batcher(ask, lambda *_: None)
        first = asyncio.ensure_future(batcher.ask(Question([1], None, 1, "a")))
        await asyncio.to_thread(first_is_asked.wait, 30)
        others = [asyncio.ensure_future(batcher.ask(Question([n], None, 1, "a"))) for n in range(1, 8)]
        alone = asyncio.ensure_future(batcher.ask(Question([9], None, 1, None)))
        await asyncio.sleep(0)
        go_on.set()
        found = await asyncio.gather(first, *others, alone)
        await batcher.close()
        return list(found)

    assert asyncio.run(run()) == [[2], *([2 * n] for n in range(1, 8)), [18]]
    assert sizes == [1, 7, 1]


def test_a_model_that_answers_for_all_rows_together_is_asked_about_each_request_alone() -> None:
    calls = []

    def ask(questions: Sequence[Question]) -> list[Any]:
        calls.append(len(questions))
        if len(questions) > 1:
            raise CannotSplitError
        return [sum(questions[0].data)]

    questions = [Question([n, n], None, 2, "a") for n in range(1, 6)]
    assert asyncio.run(answers(questions, ask, [])) == [2, 4, 6, 8, 10]
    assert max(calls[calls.index(max(calls)) + 1 :], default=1) == 1, "it is not tried again"


def test_one_that_went_away_keeps_nobody_waiting() -> None:
    async def run() -> Any:
        batcher = Batcher(doubled, lambda *_: None)
        gone = asyncio.ensure_future(batcher.ask(Question([1], None, 1, "a")))
        await asyncio.sleep(0)
        gone.cancel()
        found = await batcher.ask(Question([2], None, 1, "a"))
        await batcher.close()
        return found

    assert asyncio.run(run()) == [4]


numpy = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")


def test_only_rows_of_the_same_types_are_asked_together() -> None:
    import orjson

    from trackhelm.models import Model
    from trackhelm.serving.questions import read_json

    def key(data: Any, columns: Any = ("a", "b")) -> Any:
        body = orjson.dumps({"dataframe_split": {"columns": list(columns), "data": data}})
        return read_json(body, orjson.loads, Model())[0].key

    assert key([[1, 2.5]]) == key([[3, 1.5], [4, 2.5]])
    assert key([[1, 2.5]]) != key([[1.5, 2.5]]), "whole numbers would become floats"
    assert key([[1, 2.5]]) != key([["1", 2.5]])
    assert key([[1, 2.5]]) != key([[True, 2.5]])
    assert key([[1, 2.5]]) != key([[1, 2.5]], ("b", "a"))
    # A missing value is asked alone, or at least only with frames that have the very same types.
    assert key([[1, None]]) != key([[1, 2.5]])


@pytest.mark.parametrize(
    ("columns", "data"),
    [
        (["a", "b"], [[0.5, 1e300], [-0.0, 2.0]]),
        (["a", "b"], [[1, 2**40], [3, 4]]),
        (["a", "b"], [[1.5, 2], [3.5, 4]]),
        (["a", "b"], [[True, "x"], [False, "y"]]),
        ([0, 1], [[0.5, 1.5]]),
        (["a", "a"], [[0.5, 1.5]]),
    ],
)
def test_the_frame_of_a_batch_is_that_which_pandas_makes(columns: list[Any], data: list[list[Any]]) -> None:
    """Whatever way is the quickest; and what a model does to its frame is not seen at its next call."""
    from trackhelm.serving.questions import Asker, read_json

    seen: list[Any] = []

    def predict(frame: Any, params: Any) -> Any:
        assert params is None
        seen.append(frame.copy())
        frame.columns.name = "changed by the model"
        return numpy.zeros(len(frame))

    metadata = SimpleNamespace(get_input_schema=lambda: None, is_signature_from_type_hint=lambda: False)
    asker = Asker(SimpleNamespace(metadata=metadata, predict=predict))
    body = json.dumps({"dataframe_split": {"columns": columns, "data": data}}).encode()
    for count in (1, 3):
        asker([read_json(body, json.loads, metadata)[0] for _ in range(count)])
        pandas.testing.assert_frame_equal(seen[-1], pandas.DataFrame(data * count, columns=columns))
