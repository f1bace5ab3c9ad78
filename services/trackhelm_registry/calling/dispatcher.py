"""Delivering within the server's own process, where there is no queue: threads take the turns of workers."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

import structlog

from trackhelm_core.runtime import Runtime
from trackhelm_registry.calling.turns import (
    LANES,
    PURGE_SECONDS,
    SWEEP_SECONDS,
    due_webhooks,
    purge,
    take_turn,
)

log = structlog.get_logger(__name__)

_THREADS: Final = 16


class Dispatcher:
    """Starts turns for webhooks that it is told of, and for those it finds something due for."""

    def __init__(self, runtime: Runtime, *, sweep_seconds: float = SWEEP_SECONDS) -> None:
        self._runtime = runtime
        self._sweep_seconds = sweep_seconds
        self._sweeps_a_purge = max(1, round(PURGE_SECONDS / sweep_seconds))
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._running: Counter[int] = Counter()
        self._stopping = False
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhooks")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> Self:
        """Begin, with what an earlier process left."""
        self._thread.start()
        return self

    def notify(self, webhook: int) -> None:
        """Say that something waits for a webhook. Any thread may call this."""
        with self._changed:
            self._waiting.add(webhook)
            self._changed.notify()

    def stop(self) -> None:
        """End after the attempts that run: each has a deadline."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self) -> None:
        sweeps = 0
        while True:
            if sweeps % self._sweeps_a_purge == 0:
                self._guarded(lambda: purge(self._runtime))
            self._guarded(self._sweep)
            sweeps += 1
            if not self._dispatch_until_next_sweep():
                return

    def _sweep(self) -> None:
        due = due_webhooks(self._runtime)
        with self._changed:
            self._waiting.update(due)

    def _dispatch_until_next_sweep(self) -> bool:
        """Start turns as they are asked for; return False when told to stop."""
        sweep_at = time.monotonic() + self._sweep_seconds
        with self._changed:
            while not self._stopping:
                for webhook in [each for each in self._waiting if self._running[each] < LANES]:
                    self._waiting.discard(webhook)
                    self._running[webhook] += 1
                    self._pool.submit(self._turn, webhook)
                left = sweep_at - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
        return False

    def _turn(self, webhook: int) -> None:
        more = False
        try:
            more = take_turn(self._runtime, webhook, lambda: self._stopping)
        except Exception:
            # What was claimed is due again when the claim runs out.
            log.exception("a turn of a webhook failed", webhook=webhook)
        with self._changed:
            self._running[webhook] -= 1
            if more:
                self._waiting.add(webhook)
            self._changed.notify()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("webhooks were not looked after")
