"""Turns: working off what waits for one webhook, a delivery after the other.

Up to `LANES` turns of a webhook run at once, on different subjects, so that a webhook that is slow takes no
more of the workers than that. A turn ends by itself: another webhook may be waiting for the thread.
"""

import time
from collections.abc import Callable
from typing import Final

import structlog

from trackhelm_core.limits import WEBHOOK_ERROR_LENGTH
from trackhelm_core.runtime import Runtime
from trackhelm_registry.calling.backoff import wait_seconds
from trackhelm_registry.calling.configuration import WebhookConfiguration
from trackhelm_registry.calling.sending import Outcome, send
from trackhelm_registry.store import deliveries as store

log = structlog.get_logger(__name__)

LANES: Final = 4
TURN_SECONDS: Final = 20.0
SWEEP_SECONDS: Final = 5.0
"""How often somebody looks for what is due: retries, and what a killed worker left."""

PURGE_SECONDS: Final = 600.0

# Beyond an attempt's own time, before another may take the delivery for abandoned.
_CLAIM_MARGIN_SECONDS: Final = 15.0
_DAY_MS: Final = 86_400_000


def take_turn(runtime: Runtime, webhook: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Deliver what is due for a webhook and return whether more may be."""
    end = time.monotonic() + TURN_SECONDS
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
        # Whatever an endpoint may do to this code, the delivery has an end.
        log.exception("a webhook could not be called", webhook=claimed.webhook)
        return Outcome(None, "", f"the call failed: {error!r}"[:WEBHOOK_ERROR_LENGTH])


def due_webhooks(runtime: Runtime) -> list[int]:
    """Return the webhooks that something is due for."""
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
    else:
        log.info("a webhook was not reached", error=outcome.error, **facts)
    retry = None if dead else now + round(wait_seconds(claimed.attempts) * 1_000)
    return store.Result(now, outcome.status, outcome.error, retry)
