"""Delivers events: slices of a webhook's deliveries, the time of the next attempt, and their threads."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

import structlog

from trackhelm_core.limits import WEBHOOK_ERROR_LENGTH
from trackhelm_core.queue.names import GIVEN_UP
from trackhelm_core.runtime import Runtime
from trackhelm_registry.webhooks import store
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_registry.webhooks.delivery.sending import Outcome, send

# The wait of a failed delivery before its next attempt.

_FIRST_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 3_600.0
# With jitter, deliveries that failed together are not attempted together.
_JITTER: Final = 0.25


def wait_seconds(attempts: int) -> float:
    """Return the wait in seconds after a number of attempts: each twice the one before, up to an hour."""
    doubled: float = min(_FIRST_SECONDS * 2.0 ** min(attempts - 1, 20), _LONGEST_SECONDS)
    return doubled * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - not a secret


# Slices: delivering what is due for one webhook, one delivery after the other.
#
# Up to `LANES` slices of a webhook run at once, on different subjects, so that a slow webhook occupies no
# more workers than that. A slice ends by itself, because another webhook may be waiting for the thread.

log = structlog.get_logger(__name__)

LANES: Final = 4
SLICE_SECONDS: Final = 20.0
SWEEP_SECONDS: Final = 5.0
"""How often due deliveries are looked for: retries, and what a killed worker left."""

PURGE_SECONDS: Final = 600.0

# The time beyond an attempt's own after which another worker may take the delivery over.
_CLAIM_MARGIN_SECONDS: Final = 15.0
_DAY_MS: Final = 86_400_000


def run_slice(runtime: Runtime, webhook: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Deliver what is due for a webhook, and return whether there may be more."""
    end = time.monotonic() + SLICE_SECONDS
    settled: tuple[store.Claimed, Outcome] | None = None
    while True:
        over = time.monotonic() > end or should_stop()
        with runtime.database.writing() as session:
            now = runtime.clock()
            if settled:
                store.settle(session, settled[0], _result(runtime, *settled, now))
            claimed = None if over else store.claim(session, webhook, _claim(runtime, now))
        if claimed is None:
            return over
        settled = claimed, _attempt(runtime, claimed)


def _attempt(runtime: Runtime, claimed: store.Claimed) -> Outcome:
    if claimed.attempts > runtime.part(WebhookConfiguration).settings.webhook_attempts:
        return Outcome(None, "", "every attempt ended with the worker that made it")
    try:
        return send(claimed.message, runtime.part(WebhookConfiguration))
    except Exception as error:
        # Whatever an endpoint causes in this code, the delivery must be settled.
        log.exception("a webhook could not be called", webhook=claimed.webhook)
        return Outcome(None, "", f"the call failed: {error!r}"[:WEBHOOK_ERROR_LENGTH])


def due_webhooks(runtime: Runtime) -> list[int]:
    """Return the webhooks that have due deliveries."""
    with runtime.database.reading_once() as session:
        return store.due_webhooks(session, runtime.clock())


def purge(runtime: Runtime) -> None:
    """Delete deliveries that succeeded long ago."""
    kept = round(runtime.part(WebhookConfiguration).settings.webhook_keep_days * _DAY_MS)
    with runtime.database.writing() as session:
        store.purge_delivered(session, runtime.clock() - kept)


def _claim(runtime: Runtime, now: int) -> store.Claim:
    seconds = runtime.part(WebhookConfiguration).settings.webhook_timeout_seconds + _CLAIM_MARGIN_SECONDS
    return store.Claim(now, now + round(seconds * 1_000), LANES)


def _result(runtime: Runtime, claimed: store.Claimed, outcome: Outcome, now: int) -> store.Result:
    if outcome.error is None:
        return store.Result(now, outcome.status, None, None)
    dead = claimed.attempts >= runtime.part(WebhookConfiguration).settings.webhook_attempts
    facts = {
        "webhook": claimed.webhook,
        "delivery": claimed.message.delivery_id,
        "attempts": claimed.attempts,
    }
    if dead:
        log.warning("a delivery was given up", error=outcome.error, **facts)
        if runtime.redis is not None:
            runtime.redis.count(GIVEN_UP)
    else:
        log.info("a webhook was not reached", error=outcome.error, **facts)
    retry = None if dead else now + round(wait_seconds(claimed.attempts) * 1_000)
    return store.Result(now, outcome.status, outcome.error, retry)


# Delivery within the server's own process, where there is no queue: threads do what workers do otherwise.

_THREADS: Final = 16


class Dispatcher:
    """Starts slices for webhooks that it is notified of, and for those that have due deliveries."""

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
        """Start, first with the deliveries that an earlier process left."""
        self._thread.start()
        return self

    def notify(self, webhook: int) -> None:
        """Say that a webhook has a new delivery. Any thread may call this."""
        with self._changed:
            self._waiting.add(webhook)
            self._changed.notify()

    def stop(self) -> None:
        """Stop after the running attempts, each of which has a deadline."""
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
        """Start slices as notifications arrive, until the next sweep; return False if it is to stop."""
        sweep_at = time.monotonic() + self._sweep_seconds
        with self._changed:
            while not self._stopping:
                for webhook in [each for each in self._waiting if self._running[each] < LANES]:
                    self._waiting.discard(webhook)
                    self._running[webhook] += 1
                    self._pool.submit(self._run_slice, webhook)
                left = sweep_at - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
        return False

    def _run_slice(self, webhook: int) -> None:
        more = False
        try:
            more = run_slice(self._runtime, webhook, lambda: self._stopping)
        except Exception:
            # The delivery that was claimed is due again when the claim expires.
            log.exception("a slice of a webhook failed", webhook=webhook)
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
