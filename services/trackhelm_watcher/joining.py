"""Which pod a run is in, and in which of its containers: pure functions.

A run is joined to its pod by the tag `trackhelm.pod`, which a client sets, or by the address from which the
run was created or last resumed, at that time.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trackhelm_watcher.pods import Container, Pod

POD: Final = "trackhelm.pod"
"""The tag by which a client names its pod: `NAMESPACE/NAME` or `NAMESPACE/NAME/UID`; `none` for no pod."""

CONTAINER: Final = "trackhelm.container"
"""The tag by which a client names its container."""

NO_POD: Final = "none"

_EARLY_MS: Final = 10_000
_LATE_MS: Final = 2_000
"""How far a run may begin outside of the time of its pod, because clocks of nodes and server differ. After a
pod's end it is less: what resumes the run in the next pod must not be taken for it."""


class JoinedBy(StrEnum):
    """How a run was joined to its pod."""

    TAG = "tag"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run says of where it is: since when, from which address, and what its client's tags name."""

    time: int
    address: str = ""
    pod: str = ""
    container: str = ""


def container_of(pod: Pod, claim: Claim) -> Container | None:
    """Return the container in which a run is; None if a pod has several, and nobody says which."""
    wanted = claim.container
    if not wanted:
        # They end before the others begin, so that one of them alone ran at that time.
        for container in pod.containers:
            if container.init and container.ran_at(claim.time):
                return container
        wanted = pod.default_container
    if wanted:
        return next((each for each in pod.containers if each.name == wanted), None)
    regular = [each for each in pod.containers if not each.init]
    return regular[0] if len(regular) == 1 else None


def comparable(address: str) -> str:
    """Return the form of an address in which two are compared; empty for one that is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    # A socket that listens on both families shows an IPv4 caller as ::ffff:10.0.0.1.
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


@dataclass(frozen=True, slots=True)
class Seen:
    """A pod, and when the watcher saw that the cluster had it no more."""

    pod: Pod
    gone: int | None = None

    @property
    def over(self) -> int | None:
        """When the last program in it ended; None if it goes on."""
        finished = self.pod.finished
        return finished if finished is not None else self.gone

    def was_there(self, time: int, early: int = 0, late: int = 0) -> bool:
        """Return whether it was there at a time, or so much earlier or later."""
        begin = self.pod.started
        if begin is None or time < begin - early:
            return False
        return self.over is None or time <= self.over + late


class Pods:
    """The pods that a run may be in, those that are gone among them."""

    def __init__(self, seen: Iterable[Seen]) -> None:
        self._by_uid: dict[str, Seen] = {}
        self._by_key: dict[tuple[str, str], list[Seen]] = {}
        self._by_address: dict[str, list[Seen]] = {}
        for each in seen:
            self._by_uid[each.pod.uid] = each
            self._by_key.setdefault(each.pod.key, []).append(each)
            for address in each.pod.addresses:
                self._by_address.setdefault(comparable(address), []).append(each)

    def of_uid(self, uid: str) -> Seen | None:
        """Return the pod with an id."""
        return self._by_uid.get(uid)

    def of(self, claim: Claim) -> tuple[Seen, JoinedBy] | None:
        """Return the pod that a run is in, and how it was found.

        A tag stays when a run is resumed in another pod, so that it counts for a pod that was there then.
        """
        if claim.pod == NO_POD:
            return None
        named = self._named(claim)
        address = comparable(claim.address)
        found = _at(self._by_address.get(address, ()), claim.time) if address else None
        if named is not None and (found is None or named.was_there(claim.time)):
            return named, JoinedBy.TAG
        return None if found is None else (found, JoinedBy.ADDRESS)

    def _named(self, claim: Claim) -> Seen | None:
        parts = claim.pod.split("/")
        found = self._by_key.get((parts[0], parts[1]), []) if len(parts) > 1 else []
        uid = parts[2] if len(parts) > len(("namespace", "name")) else ""
        return _at([each for each in found if uid in {"", each.pod.uid}], claim.time)


def _at(found: Iterable[Seen], time: int) -> Seen | None:
    """Return the pod that was there at a time, or nearly; of several the youngest."""
    found = list(found)
    there = [each for each in found if each.was_there(time)]
    there = there or [each for each in found if each.was_there(time, _EARLY_MS, _LATE_MS)]
    return max(there, key=lambda each: each.pod.started or 0, default=None)
