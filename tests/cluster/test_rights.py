"""What each service account of the chart may ask of the cluster's API, and what it may not.

Each acts by a token that the cluster made for it. The cluster itself tells all rights of an account; beside
that, the requests are made.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.cluster import Cluster, Json, Release, Requests

WATCHER = "trackhelm-watcher"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"


class Place:
    """A release whose watcher watches two namespaces, and a third one that it does not."""

    def __init__(self, release: Release, namespace: Callable[[str], str]) -> None:
        self.release, self.cluster = release, release.cluster
        self.watched = [namespace("training"), namespace("vision")]
        self.other = namespace("other")
        names = ",".join(self.watched)
        release.install("evaluation", "--set", f"watcher.namespaces={{{names}}}")

    @property
    def everywhere(self) -> list[str]:
        return [self.release.namespace, *self.watched, self.other]

    def accounts(self) -> list[str]:
        return sorted(set(self.release.found("serviceaccounts")) - {"default"})

    def as_account(self, name: str) -> Requests:
        return self.cluster.as_account(self.release.namespace, name)


@pytest.fixture
def place(release: Release, namespace: Callable[[str], str]) -> Place:
    return Place(release, namespace)


def rights(ask: Requests, namespace: str) -> set[tuple[str, ...]]:
    """Return what an account may do in a namespace, as groups, resources, names and verbs."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    status = ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body)["status"]
    assert not status["incomplete"]
    parts = ("apiGroups", "resources", "resourceNames", "verbs")
    return {
        tuple(",".join(sorted(rule.get(part) or ())) for part in parts) for rule in status["resourceRules"]
    }


READS = {
    ("", "pods", "", "get,list,watch"),
    ("batch", "jobs", "", "list,watch"),
    ("", "events", "", "list"),
}
WRITES = {
    ("coordination.k8s.io", "leases", WATCHER, "get,update"),
    ("coordination.k8s.io", "leases", "", "create"),
}


def test_the_watcher_alone_has_rights_and_only_those_that_the_page_lists(place: Place) -> None:
    # What an account has that nobody gave a right.
    plain = {
        each: rights(place.cluster.as_account(place.other, "default"), each) for each in place.everywhere
    }
    accounts = place.accounts()
    assert len(accounts) >= 12
    for account in accounts:
        ask = place.as_account(account)
        for namespace in place.everywhere:
            more = rights(ask, namespace) - plain[namespace]
            expected: set[Any] = set()
            if account == WATCHER:
                expected = READS if namespace in place.watched else set()
                expected = WRITES if namespace == place.release.namespace else expected
            assert more == expected, (account, namespace)


def lease(name: str, version: str | None = None) -> Json:
    meta = {"name": name} | ({"resourceVersion": version} if version else {})
    spec = {"holderIdentity": "me", "leaseDurationSeconds": 15}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


def test_what_the_watcher_asks_is_answered_and_what_it_may_not_is_refused(place: Place) -> None:
    ask, own = place.as_account(WATCHER), place.release.namespace
    first, other = place.watched[0], place.other
    pods = "/api/v1/namespaces/{}/pods"
    for namespace in place.watched:
        assert ask.status_of("GET", pods.format(namespace)) == 200
        assert ask.status_of("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs") == 200
        assert ask.status_of("GET", f"/api/v1/namespaces/{namespace}/events") == 200
        assert ask.status_of("GET", f"{pods.format(namespace)}/none") == 404
    refused = [
        ("GET", pods.format(own)),
        ("GET", pods.format(other)),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/nodes"),
        ("GET", f"/api/v1/namespaces/{own}/secrets"),
        ("GET", f"/api/v1/namespaces/{first}/secrets"),
        ("GET", f"/api/v1/namespaces/{first}/configmaps"),
        ("GET", f"{pods.format(first)}/train/log"),
        ("POST", f"{pods.format(first)}/train/exec"),
        ("DELETE", f"{pods.format(first)}/train"),
        ("POST", pods.format(first)),
        ("DELETE", f"{LEASES.format(own)}/{WATCHER}"),
        ("GET", LEASES.format(own)),
        ("GET", f"{LEASES.format(first)}/{WATCHER}"),
        ("POST", LEASES.format(first)),
    ]
    for method, path in refused:
        assert ask.status_of(method, path, {} if method == "POST" else None) == 403, (method, path)
    # Its Lease is there already, if a watcher runs.
    assert ask.status_of("POST", LEASES.format(own), lease(WATCHER)) in {200, 409}
    found = ask("GET", f"{LEASES.format(own)}/{WATCHER}")
    mine = lease(WATCHER, found["metadata"]["resourceVersion"])
    assert ask.status_of("PUT", f"{LEASES.format(own)}/{WATCHER}", mine) == 200
    # That of another program is not to be touched.
    place.cluster.ask("POST", LEASES.format(own), lease("of-others"))
    for method, body in (("GET", None), ("PUT", lease("of-others")), ("DELETE", None)):
        assert ask.status_of(method, f"{LEASES.format(own)}/of-others", body) == 403


def test_no_other_account_is_let_in(place: Place) -> None:
    own, first = place.release.namespace, place.watched[0]
    for account in place.accounts():
        ask = place.as_account(account)
        assert ask.status_of("GET", f"/api/v1/namespaces/{own}/secrets") == 403, account
        if account != WATCHER:
            assert ask.status_of("GET", f"/api/v1/namespaces/{first}/pods") == 403, account
            assert ask.status_of("POST", LEASES.format(own), lease(WATCHER)) == 403, account


def test_without_a_watcher_there_is_no_role(release: Release, cluster: Cluster) -> None:
    release.install("evaluation", "--set", "watcher.enabled=false")
    assert not release.found("roles")
    assert not release.found("rolebindings")
