"""The API of Kubernetes: lists, watches, events and Leases, as plain JSON. It alone imports `kubernetes`.

That package is an optional extra of the distribution: who imports this module says so where it is missing.

Objects stay JSON: building the client's models took longer than all that is done with them, and they refuse
what a newer cluster sends.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubernetes.client import (
    ApiClient,
    ApiException,
    AuthorizationV1Api,
    BatchV1Api,
    Configuration,
    CoordinationV1Api,
    CoreV1Api,
)
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from urllib3.exceptions import HTTPError

from trackhelm_watcher.pods import Json

_OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

_PAGE: Final = 500
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 30.0
_WATCH_SECONDS: Final = 300
"""How long a watch lasts; the server ends it then, and the next begins where it ended."""


class Kind(StrEnum):
    """What is watched."""

    PODS = "pods"
    JOBS = "jobs"


class Right(NamedTuple):
    """What an account may do with a kind of objects in a namespace."""

    group: str
    resource: str
    verb: str


READS: Final = (
    *(Right("", "pods", verb) for verb in ("get", "list", "watch")),
    *(Right("batch", "jobs", verb) for verb in ("list", "watch")),
    Right("", "events", "list"),
)
"""What a watcher needs in each namespace that it watches."""

WRITES_LEASE: Final = tuple(
    Right("coordination.k8s.io", "leases", verb) for verb in ("get", "create", "update")
)
"""What it needs in the namespace of the Lease."""


class ClusterError(Exception):
    """The API refused a request, or did not answer. `status` is 0 if it did not."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_gone(self) -> bool:
        """Whether what a watch asked for is too old to be told: it must list again."""
        return self.status == HTTPStatus.GONE


class Stream:
    """The events of one watch, which another thread may end."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._ended = False

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        """Yield the type of each event, and its object. Raises `ClusterError`."""
        rest = b""
        try:
            for part in self._response.stream(amt=None):
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if line:
                        yield self._event(line)
        # An answer that `end` has shut down has no file any more, which is an `AttributeError`.
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            if not self._ended:
                raise ClusterError(f"the watch broke: {error!r}") from error
        finally:
            # What is left of it must not be taken for the answer to the next request.
            self._response.close()

    @staticmethod
    def _event(line: bytes) -> tuple[str, Json]:
        event = json.loads(line)
        if event["type"] == "ERROR":
            status = event["object"]
            raise ClusterError(status.get("message") or "the watch was ended", status.get("code") or 0)
        return event["type"], event["object"]

    def end(self) -> None:
        """End the watch, from any thread."""
        self._ended = True
        # It may have ended by itself, in any state of the connection.
        with suppress(Exception):
            self._response.shutdown()


class Cluster:
    """Asks one cluster. Every method raises `ClusterError`."""

    def __init__(self, configuration: Configuration) -> None:
        # Requests are repeated by who makes them, later and later; not inside of one.
        configuration.retries = 0
        client = ApiClient(configuration)
        self._core, self._batch = CoreV1Api(client), BatchV1Api(client)
        self._leases, self._rights = CoordinationV1Api(client), AuthorizationV1Api(client)
        self._lists = {
            Kind.PODS: self._core.list_namespaced_pod,
            Kind.JOBS: self._batch.list_namespaced_job,
        }

    def listed(self, kind: Kind, namespace: str, selector: str = "") -> tuple[list[Json], str]:
        """Return all objects of a kind, and the version from which to watch."""
        found: list[Json] = []
        more: str | None = None
        while True:
            page = _asked(
                partial(
                    self._lists[kind], namespace, label_selector=selector or None, limit=_PAGE, _continue=more
                )
            )
            found += page.get("items") or ()
            more = page["metadata"].get("continue")
            if not more:
                return found, page["metadata"]["resourceVersion"]

    def watch(self, kind: Kind, namespace: str, version: str, selector: str = "") -> Stream:
        """Return the changes since a version."""
        return Stream(
            _response(
                partial(
                    self._lists[kind],
                    namespace,
                    label_selector=selector or None,
                    watch=True,
                    allow_watch_bookmarks=True,
                    resource_version=version,
                    timeout_seconds=_WATCH_SECONDS,
                    # A server that says nothing for so long after its own limit is not there any more.
                    _request_timeout=(_CONNECT_SECONDS, _WATCH_SECONDS + _READ_SECONDS),
                )
            )
        )

    def pod_uid(self, namespace: str, name: str) -> str | None:
        """Return the id of the pod that has a name; None if there is none."""
        try:
            found = _asked(partial(self._core.read_namespaced_pod, name, namespace))
        except ClusterError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        uid: str = found["metadata"]["uid"]
        return uid

    def events_of(self, namespace: str, kind: str, name: str, uid: str) -> list[Json]:
        """Return the events about an object, which the cluster keeps for an hour.

        Some controllers do not say in an event which object of that name they mean: these are among them.
        """
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        found = _asked(
            partial(self._core.list_namespaced_event, namespace, field_selector=selector, limit=_PAGE)
        )
        events: list[Json] = found.get("items") or []
        return [each for each in events if (each["involvedObject"].get("uid") or uid) == uid]

    def may(self, right: Right, namespace: str, name: str = "") -> bool:
        """Return whether this account has a right; every account may ask that of itself.

        `name` is of the one object that is meant, if it is not all of them.
        """
        body: Any = {  # the client takes JSON for its models
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"namespace": namespace, "name": name, **right._asdict()}},
        }
        found = _asked(partial(self._rights.create_self_subject_access_review, body))
        return bool(found["status"]["allowed"])

    def lease(self, namespace: str, name: str) -> Json | None:
        """Return a Lease; None if there is none."""
        try:
            found: Json = _asked(partial(self._leases.read_namespaced_lease, name, namespace))
        except ClusterError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return found

    def put_lease(self, namespace: str, name: str, spec: Mapping[str, Any], version: str | None) -> bool:
        """Create a Lease, or replace the one of a version; return False if another was faster."""
        body: Any = {  # the client takes JSON for its models
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": namespace},
            "spec": dict(spec),
        }
        try:
            if version is None:
                _asked(partial(self._leases.create_namespaced_lease, namespace, body))
            else:
                body["metadata"]["resourceVersion"] = version
                _asked(partial(self._leases.replace_namespaced_lease, name, namespace, body))
        except ClusterError as error:
            if error.status == HTTPStatus.CONFLICT:
                return False
            raise
        return True


def own_namespace() -> str:
    """Return the namespace of the pod that this process runs in; empty outside of a cluster."""
    try:
        return _OWN_NAMESPACE.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def open_cluster(kubeconfig: Path | None) -> Cluster:
    """Return the cluster that a file names, or the one that this process runs in. Raises `ClusterError`."""
    configuration = Configuration()
    try:
        if kubeconfig is None:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            load_kube_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), client_configuration=configuration, persist_config=False
            )
    except (ConfigException, OSError) as error:
        raise ClusterError(
            f"there is no way to a cluster: {error} Set TRACKHELM_WATCHER_KUBECONFIG, or run it in a pod."
        ) from error
    return Cluster(configuration)


def _asked(ask: "partial[Any]") -> Any:
    response = _response(partial(ask, _request_timeout=(_CONNECT_SECONDS, _READ_SECONDS)))
    try:
        return json.loads(response.data)
    except (HTTPError, OSError, ValueError) as error:
        raise ClusterError(f"the answer broke: {error!r}") from error


def _response(ask: "partial[Any]") -> Any:
    try:
        return ask(_preload_content=False)
    except ApiException as error:
        status = int(error.status or 0)
        raise ClusterError(f"{status} {_told(error)}", status) from error
    except (HTTPError, OSError) as error:
        # What is wrong, without the request that was repeated in vain.
        raise ClusterError(f"the cluster does not answer: {getattr(error, 'reason', error)}") from error


def _told(error: ApiException) -> str:
    """Return what the cluster says of a refusal: a `Status` as JSON, or, from a proxy, anything."""
    with suppress(ValueError, TypeError, AttributeError):
        return str(json.loads(error.body or "")["message"])
    return str(error.reason)
