"""Requests that wait at the same time are asked of the model together, in one call.

A request waits only while the model is busy, and a moment longer if as many as in the batch before are still
to come. Requests go into one batch only if nothing of one can change another's answer: their inputs have the
same columns and types. If a batch fails, each of its requests is asked alone, so that a bad row is its
sender's concern.
"""

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

_LARGEST: Final = 64 * 1024
"""The most rows of a batch."""
_LINGER_PART: Final = 0.25
"""The part of the time of the last call for which a batch waits until it is as large as the one before."""
_LONGEST_LINGER_SECONDS: Final = 0.005


class CannotSplitError(Exception):
    """The model did not give one prediction for each row, so that nobody knows whose is which."""


@dataclass(slots=True)
class Question:
    """What one request asks.

    Attributes:
        data: The input.
        params: The params of the inference.
        rows: The rows of the input.
        key: Equal for questions that may be asked together; None for one that is asked alone.
    """

    data: Any
    params: dict[str, Any] | None
    rows: int
    key: Hashable
    answer: "asyncio.Future[Any] | None" = field(default=None, repr=False)


Ask = Callable[[Sequence[Question]], list[Any]]
"""Asks the model questions of one key in one call, and returns the answer to each. Runs in a thread."""


class Batcher:
    """Gathers questions, and asks them one batch after the other in a thread.

    Args:
        ask: What asks the model.
        observe: Is told of each call: how many questions and rows, and the seconds that it took.
        most_rows: The most rows of a batch.
    """

    def __init__(
        self, ask: Ask, observe: Callable[[int, int, float], None], most_rows: int = _LARGEST
    ) -> None:
        self._ask = ask
        self._observe = observe
        self._most_rows = most_rows
        self._waiting: list[Question] = []
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._last = 0
        self._last_seconds = 0.0
        self._running = asyncio.get_running_loop().create_task(self._run())
        self._is_closing = False
        self.can_batch = True

    async def ask(self, question: Question) -> Any:
        """Return the answer to a question, or raise what the model raised."""
        question.answer = asyncio.get_running_loop().create_future()
        self._waiting.append(question)
        self._arrived.set()
        return await question.answer

    async def close(self) -> None:
        """End when all that was asked is answered."""
        self._is_closing = True
        self._arrived.set()
        await self._running
        self._thread.shutdown(wait=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                if self._is_closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._linger()
            batch = self._next()
            began = time.perf_counter()
            answers = await loop.run_in_executor(self._thread, self._asked, batch)
            self._last_seconds = time.perf_counter() - began
            self._last = len(batch)
            self._observe(len(batch), sum(one.rows for one in batch), self._last_seconds)
            for question, answer in zip(batch, answers, strict=True):
                if question.answer is None or question.answer.done():
                    continue  # its sender is gone
                if isinstance(answer, BaseException):
                    question.answer.set_exception(answer)
                else:
                    question.answer.set_result(answer)

    async def _linger(self) -> None:
        """Wait a moment for as many questions as there were before; they come back together."""
        if self._last < 2 or len(self._waiting) >= self._last:  # noqa: PLR2004 - one has nobody to wait for
            return
        until = time.perf_counter() + min(self._last_seconds * _LINGER_PART, _LONGEST_LINGER_SECONDS)
        while len(self._waiting) < self._last and time.perf_counter() < until:  # noqa: ASYNC110 - for less than a timer
            await asyncio.sleep(0)

    def _next(self) -> list[Question]:
        """Take the first question that waits, and all others that may be asked with it."""
        first = self._waiting[0]
        batch, rows, rest = [first], first.rows, []
        for question in self._waiting[1:]:
            fits = rows + question.rows <= self._most_rows
            if self.can_batch and first.key is not None and question.key == first.key and fits:
                batch.append(question)
                rows += question.rows
            else:
                rest.append(question)
        self._waiting = rest
        return batch

    def _asked(self, batch: list[Question]) -> list[Any]:
        if len(batch) > 1:
            try:
                return self._ask(batch)
            except CannotSplitError:
                self.can_batch = False
            except Exception:  # noqa: BLE001, S110 - whose question is bad is found by asking each alone
                pass
        return [self._alone(question) for question in batch]

    def _alone(self, question: Question) -> Any:
        try:
            return self._ask([question])[0]
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            return error
