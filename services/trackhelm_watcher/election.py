"""One leader among several watchers, by a Lease of the cluster.

A Lease that nobody has renewed for its duration, by this process's own clock, is taken over; clocks of other
machines do not matter. What a former leader still writes does no harm: a run is ended once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import structlog

from trackhelm_watcher.cluster import ClusterError
from trackhelm_watcher.pods import Json

log = structlog.get_logger(__name__)

_RENEWALS: Final = 3
"""How often a Lease is renewed in its duration."""

_TRUSTED: Final = 0.7
"""The part of its duration for which a leader trusts its Lease: it stops before another may begin."""


class Leases(Protocol):
    """What an election needs of a cluster."""

    def lease(self, namespace: str, name: str) -> Json | None:
        """Return a Lease; None if there is none."""

    def put_lease(self, namespace: str, name: str, spec: Mapping[str, Any], version: str | None) -> bool:
        """Create a Lease, or replace the one of a version; return False if another was faster."""


class Election:
    """Stands for election on a thread of its own. `changed` is called when `leads` may have changed."""

    def __init__(
        self,
        leases: Leases,
        namespace: str,
        name: str,
        *,
        identity: str,
        seconds: float,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases, self._namespace, self._name = leases, namespace, name
        self._identity, self._seconds = identity, seconds
        self._changed, self._clock = changed, clock
        self._held_until = float("-inf")
        self._seen: tuple[Any, ...] = ()
        self._seen_at = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="election", daemon=True)
        self.is_answered = False
        """Whether the cluster answered when it was last asked for the Lease."""

    @property
    def leads(self) -> bool:
        """Whether this process leads now."""
        return self._clock() < self._held_until

    def start(self) -> None:
        """Begin to stand for election."""
        self._thread.start()

    def stop(self) -> None:
        """Give the Lease back, so that another need not wait for its end."""
        self._stop.set()
        self._thread.join(timeout=10)
        if self.leads:
            self._held_until = float("-inf")
            try:
                if (found := self._leases.lease(self._namespace, self._name)) and self._is_ours(found):
                    spec = {**found["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
                    self._leases.put_lease(
                        self._namespace, self._name, spec, found["metadata"]["resourceVersion"]
                    )
            except ClusterError as error:
                log.warning("the lease was not given back", error=str(error))

    def _run(self) -> None:
        while not self._stop.is_set():
            led = self.leads
            try:
                self.stand()
                self.is_answered = True
            except ClusterError as error:
                self.is_answered = False
                log.warning("the lease is not to be had", error=str(error))
            if self.leads != led:
                log.info(
                    "this watcher leads" if self.leads else "this watcher leads no more", name=self._identity
                )
            self._changed()
            self._stop.wait(self._seconds / _RENEWALS)

    def stand(self) -> None:
        """Take or renew the Lease, if nobody else has it. Raises `ClusterError`."""
        begun = self._clock()
        found = self._leases.lease(self._namespace, self._name)
        if found is None:
            taken = self._leases.put_lease(self._namespace, self._name, self._spec({}), None)
        elif self._is_ours(found) or self._is_free(found, begun):
            taken = self._leases.put_lease(
                self._namespace, self._name, self._spec(found["spec"]), found["metadata"]["resourceVersion"]
            )
        else:
            taken = False
        self._held_until = begun + self._seconds * _TRUSTED if taken else float("-inf")

    def _is_ours(self, found: Json) -> bool:
        return bool((found.get("spec") or {}).get("holderIdentity") == self._identity)

    def _is_free(self, found: Json, now: float) -> bool:
        spec = found.get("spec") or {}
        if not spec.get("holderIdentity"):
            return True
        sign = (spec["holderIdentity"], spec.get("renewTime"), found["metadata"]["resourceVersion"])
        if sign != self._seen:
            self._seen, self._seen_at = sign, now
        return now - self._seen_at > (spec.get("leaseDurationSeconds") or self._seconds)

    def _spec(self, before: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        same = before.get("holderIdentity") == self._identity
        return {
            "holderIdentity": self._identity,
            # Whole seconds, as the API has it.
            "leaseDurationSeconds": max(1, round(self._seconds)),
            "acquireTime": before.get("acquireTime") if same else now,
            "renewTime": now,
            "leaseTransitions": (before.get("leaseTransitions") or 0) + (not same),
        }
