"""The objects of one kind in one namespace, kept up to date by a list and a watch on a thread.

A watch that ended goes on where it was; one whose version the server has forgotten (410) lists again. Errors
are repeated later and later.
"""

import random
import threading
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from trackhelm_watcher.cluster import ClusterError, Kind, Stream
from trackhelm_watcher.pods import Json

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0


class Lister(Protocol):
    """What an informer needs of a cluster."""

    def listed(self, kind: Kind, namespace: str, selector: str = "") -> tuple[list[Json], str]:
        """Return all objects of a kind, and the version from which to watch."""

    def watch(self, kind: Kind, namespace: str, version: str, selector: str = "") -> Stream:
        """Return the changes since a version."""


class Informer:
    """Tells `changed` of each object that is there, and `gone` of each that is no more, in its last state."""

    def __init__(
        self,
        cluster: Lister,
        kind: Kind,
        namespace: str,
        selector: str = "",
        *,
        changed: Callable[[Json], None],
        gone: Callable[[Json], None],
    ) -> None:
        self._cluster, self._kind = cluster, kind
        self._namespace, self._selector = namespace, selector
        self._changed, self._gone = changed, gone
        self._objects: dict[str, Json] = {}
        self._version: str | None = None
        self._stream: Stream | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{kind} of {namespace}", daemon=True)
        self.synced = threading.Event()
        """Set after the first list."""

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch, and wait for its thread."""
        self._stop.set()
        if (stream := self._stream) is not None:
            stream.end()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            try:
                if self._version is None:
                    self._list()
                self._watch()
                pause = FIRST_PAUSE
            except ClusterError as error:
                if error.is_gone:
                    self._version = None
                    log.info("a watch was too old, listing again", kind=self._kind, namespace=self._namespace)
                    pause = FIRST_PAUSE
                else:
                    log.warning(
                        "the cluster is asked again",
                        kind=self._kind,
                        namespace=self._namespace,
                        error=str(error),
                        seconds=round(pause, 1),
                    )
                # At random, so that watchers of many namespaces do not come back all at once.
                self._stop.wait(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
                pause = min(pause * 2, LONGEST_PAUSE)

    def _list(self) -> None:
        found, version = self._cluster.listed(self._kind, self._namespace, self._selector)
        there = {each["metadata"]["uid"]: each for each in found}
        for uid in [uid for uid in self._objects if uid not in there]:
            self._gone(self._objects.pop(uid))
        for uid, each in there.items():
            if self._objects.get(uid) != each:
                self._objects[uid] = each
                self._changed(each)
        self._version = version
        self.synced.set()

    def _watch(self) -> None:
        assert self._version is not None
        stream = self._cluster.watch(self._kind, self._namespace, self._version, self._selector)
        self._stream = stream
        if self._stop.is_set():
            stream.end()
        for kind, found in stream:
            self._version = found["metadata"]["resourceVersion"]
            if kind == "DELETED":
                self._objects.pop(found["metadata"]["uid"], None)
                self._gone(found)
            elif kind != "BOOKMARK":
                self._objects[found["metadata"]["uid"]] = found
                self._changed(found)
