"""Pods that log in by the tokens of their service accounts: what they may do, and until when."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from tests.fixtures.cluster_tokens import ISSUER, ClusterIssuer
from tests.fixtures.databases import lay_migrated_sqlite_database
from tests.integration.access.conftest import HOST, MLFLOW_3, OTHER, OWN, PASSWORD, Site
from tests.integration.access.test_names_and_lists import unique
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_domain.tables import Account
from trackhelm_embedded.app import embedded_app

BINDINGS = f"{OWN}/kubernetes-bindings"
METRIC: dict[str, Any] = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}


class Cluster:
    """A server that takes the tokens of a cluster, and that cluster."""

    def __init__(self, site: Site, issuer: ClusterIssuer) -> None:
        self.site = site
        self.issuer = issuer

    def pod(self, namespace: str, name: str = "trainer", **claims: Any) -> str:
        """Return who sends requests with the token of a service account."""
        who = f"{namespace}/{name}"
        self.site.tokens[who] = self.issuer.token(self.issuer.claims(namespace, name, **claims))
        return who

    def bind(self, namespace: str, name: str, role: str, workspace: str = "default") -> int:
        """Give a service account a role, and return the id of that."""
        binding: int = self.site.post(
            "admin",
            f"{BINDINGS}/create",
            workspace=workspace,
            namespace=namespace,
            service_account=name,
            role=role,
        )["binding"]["id"]
        return binding


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    password = folder / "password"
    password.write_text(PASSWORD.format("admin"), encoding="utf-8")
    (folder / "data").mkdir()
    lay_migrated_sqlite_database(folder / "data" / "trackhelm.db")
    issuer = ClusterIssuer()
    auth = AuthSettings(
        auth="on",
        admin_password_file=password,
        kubernetes_issuer=ISSUER,
        kubernetes_keys_file=issuer.write(folder / "keys.json"),
    )
    app = embedded_app(StorageSettings(data=folder / "data"), auth=auth)
    with TestClient(app, raise_server_exceptions=False, base_url=HOST) as client:
        site = Site(client, app.state.runtime, Path(folder / "data"))
        site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=OTHER)
        yield Cluster(site, issuer)


def test_a_service_account_without_a_role_is_not_let_in_and_leaves_nothing(cluster: Cluster) -> None:
    pod = cluster.pod("nobody")
    refusal = cluster.site.get(pod, "users/current", 401)
    assert "has no role here" in refusal["message"]
    with cluster.site.runtime.database.reading() as session:
        names = session.scalars(select(Account.name)).all()
    assert not any("nobody" in name for name in names)


def test_a_binding_gives_a_role_until_it_is_taken_away(cluster: Cluster) -> None:
    site = cluster.site
    pod = cluster.pod("team-b")
    site.get(pod, "users/current", 401)
    binding = cluster.bind("team-b", "trainer", "member")
    current = site.get(pod, "users/current")["user"]
    assert current["username"] == "system:serviceaccount:team-b:trainer"
    assert not current["is_admin"]
    # What it creates is its own, as with every member.
    experiment = site.post(pod, "experiments/create", name=unique())["experiment_id"]
    run = site.post(pod, "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    site.post(pod, "runs/log-batch", run_id=run, metrics=[METRIC], tags=[{"key": "k", "value": "v"}])
    others = site.post("admin", "experiments/create", name=unique())["experiment_id"]
    site.post(pod, "runs/create", 403, experiment_id=others)
    # Each token of the account is as good, as the pod gets a new one every hour.
    site.get(cluster.pod("team-b", jti="another"), "users/current")
    # An account of the same name elsewhere has nothing.
    for other in (cluster.pod("team-b", "trainer2"), cluster.pod("team", "b-trainer")):
        site.get(other, "users/current", 401)
    listed = site.get("admin", f"{BINDINGS}/list")["bindings"]
    found = next(each for each in listed if each["id"] == binding)
    assert (found["namespace"], found["service_account"], found["role"]) == ("team-b", "trainer", "member")
    site.post("admin", f"{BINDINGS}/delete", id=binding)
    for path, message in (
        ("runs/log-metric", {"run_id": run, **METRIC}),
        ("runs/create", {"experiment_id": experiment}),
    ):
        site.post(pod, path, 401, **message)
    events = site.get("admin", f"{OWN}/audit/events", max_results=20)["events"]
    assert {event["action"] for event in events if event["entity_id"] == "default/member"} == {
        "granted",
        "revoked",
    }


def test_a_whole_namespace_gets_a_role_in_its_workspace_alone(cluster: Cluster) -> None:
    site = cluster.site
    cluster.bind("team-c", "*", "editor", OTHER)
    for pod in (cluster.pod("team-c", "one"), cluster.pod("team-c", "two")):
        site.post(pod, "experiments/create", workspace=OTHER, name=unique())
        site.post(pod, "experiments/create", 403, name=unique())
    site.get(cluster.pod("team-cc", "one"), "users/current", 401)


def test_what_a_role_does_not_give_a_pod(cluster: Cluster) -> None:
    site = cluster.site
    cluster.bind("ops", "deployer", "manager")
    pod = cluster.pod("ops", "deployer")
    refusal = site.post(pod, f"{OWN}/tokens/create", 403, name="t")
    assert "a token makes no tokens" in refusal["message"]
    site.post(pod, f"{OWN}/workspaces/quotas", 403, runs=1)
    name = "system:serviceaccount:ops:deployer"
    answer = site.send("admin", "PATCH", "users/update-admin", json={"username": name, "is_admin": True})
    assert answer.status_code == 404
    assert not site.get(pod, "users/current")["user"]["is_admin"]
    assert all(user["username"] != name for user in site.get("admin", "users/list")["users"])
    # Nobody can take the name first.
    taken = {"username": "system:serviceaccount:ops:x", "password": "a password of x"}
    site.post("admin", "users/create", 400, **taken)
    # A pod approves nothing.
    site.post("admin", "registered-models/create", name=(model := unique()))
    run = site.post("admin", "runs/create", experiment_id="0")["run"]["info"]
    site.post("admin", "model-versions/create", name=model, source=run["artifact_uri"], run_id=run["run_id"])
    site.post("admin", f"{OWN}/protections/set", name=model, kind="alias", target="best")
    asked = site.post("admin", "registered-models/alias", 403, name=model, alias="best", version="1")
    approval = asked["message"].split("approval request ")[1].split()[0].strip(".:,")
    site.post(pod, f"{OWN}/approvals/approve", 403, id=approval)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"aud": ["https://kubernetes.default.svc"]}, "projected token for the audience"),
        ({"exp": 1_000_000_000}, "has expired"),
        ({"iss": "https://another.example"}, "another issuer"),
    ],
)
def test_a_token_that_is_not_for_this_server_is_refused_although_its_account_has_a_role(
    cluster: Cluster, claims: dict[str, Any], said: str
) -> None:
    cluster.bind("team-d", f"trainer-{len(said)}", "viewer")
    pod = cluster.pod("team-d", f"trainer-{len(said)}", **claims)
    for _ in range(2):
        refusal = cluster.site.get(pod, "users/current", 401)
        assert said in refusal["message"]
        assert cluster.site.tokens[pod] not in str(refusal)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"namespace": "Team"}, "namespace"),
        ({"namespace": "*"}, "namespace"),
        ({"service_account": "a/b"}, "service_account"),
        ({"service_account": ""}, "service_account"),
    ],
)
def test_a_binding_names_what_a_cluster_may_have(
    cluster: Cluster, message: dict[str, str], said: str
) -> None:
    whole = {"namespace": "team-e", "service_account": "trainer", "role": "viewer"}
    assert said in cluster.site.post("admin", f"{BINDINGS}/create", 400, **(whole | message))["message"]
    missing = cluster.site.post("admin", f"{BINDINGS}/create", 404, **(whole | {"role": "king"}))
    assert "king" in missing["message"]
    cluster.site.post("admin", f"{BINDINGS}/delete", 404, id=424_242)


def test_a_binding_is_made_once(cluster: Cluster) -> None:
    cluster.bind("team-f", "trainer", "viewer")
    whole = {"namespace": "team-f", "service_account": "trainer", "role": "viewer"}
    refusal = cluster.site.post("admin", f"{BINDINGS}/create", 400, **whole)
    assert refusal["error_code"] == "RESOURCE_ALREADY_EXISTS"
