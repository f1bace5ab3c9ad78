"""Stock clients of a server that checks who calls: logins, grants of both generations, workspaces."""

import base64
import json
import os
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import mlflow
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tests.contract.clients.conftest import GENERATION
from tests.e2e.server import ServerProcess

PASSWORD = "a password of {}"

# A cluster, which signs tokens of its service accounts. The clients' environments have no library for them.

ISSUER = "https://kubernetes.default.svc.cluster.local"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _public_key() -> dict[str, str]:
    numbers = _KEY.public_key().public_numbers()
    modulus, exponent = (
        _base64(number.to_bytes((number.bit_length() + 7) // 8, "big")) for number in (numbers.n, numbers.e)
    )
    return {"kty": "RSA", "kid": "first", "alg": "RS256", "use": "sig", "n": modulus, "e": exponent}


def service_account_token(namespace: str, name: str) -> str:
    """Return the token that Kubernetes mounts into a pod of a service account."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": ["trackhelm"], "sub": f"system:serviceaccount:{namespace}:{name}"}
    claims |= {"exp": now + 3600, "iat": now, "nbf": now}
    head = {"alg": "RS256", "kid": "first"}
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_base64(_KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this module's own, on which everybody logs in."""
    folder = tmp_path_factory.mktemp("access")
    password = folder / "password"
    password.write_text(PASSWORD.format("admin"))
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"keys": [_public_key()]}))
    environment = {
        "TRACKHELM_AUTH": "on",
        "TRACKHELM_ADMIN_PASSWORD_FILE": str(password),
        "TRACKHELM_KUBERNETES_ISSUER": ISSUER,
        "TRACKHELM_KUBERNETES_KEYS_FILE": str(keys),
    }
    process = ServerProcess(folder / "data", environment)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def service(server: ServerProcess) -> Any:
    """Return MLflow's client of users and permissions.

    Its package imports that of MLflow's own server, which needs `flask_wtf`, and Flask, which the environment
    of the older generation does not have; the client itself uses nothing of them.
    """
    os.environ.setdefault("MLFLOW_FLASK_SERVER_SECRET_KEY", "unused")
    if GENERATION < 3:
        return _client_alone(server.url)
    for name in ("flask_wtf", "flask_wtf.csrf"):
        if name not in sys.modules:
            stand_in = types.ModuleType(name)
            stand_in.CSRFProtect = object  # type: ignore[attr-defined]
            sys.modules[name] = stand_in
    from mlflow.server import get_app_client  # noqa: PLC0415

    return get_app_client("basic-auth", server.url)


def _client_alone(url: str) -> Any:
    """Return that client with stand-ins for the packages around it, of which it needs the paths' prefix."""
    folder = Path(mlflow.__file__).parent / "server"
    for name, path in (("mlflow.server", folder), ("mlflow.server.auth", folder / "auth")):
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    handlers = types.ModuleType("mlflow.server.handlers")
    handlers._get_rest_path = lambda path, version=2: f"/api/{version}.0{path}"  # type: ignore[attr-defined]
    sys.modules[handlers.__name__] = handlers
    from mlflow.server.auth.client import AuthServiceClient  # noqa: PLC0415

    return AuthServiceClient(url)


class Acting:
    """Makes the client act as one user or another."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, name: str) -> None:
        self._patch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
        self._patch.setenv("MLFLOW_TRACKING_USERNAME", name)
        self._patch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD.format(name))

    def by_token(self, token: str) -> None:
        self._patch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
        self._patch.delenv("MLFLOW_TRACKING_PASSWORD", raising=False)
        self._patch.setenv("MLFLOW_TRACKING_TOKEN", token)

    def nobody(self) -> None:
        for name in ("USERNAME", "PASSWORD", "TOKEN"):
            self._patch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Acting:
    acting = Acting(monkeypatch)
    acting("admin")
    return acting


def new_user(service: Any, name: str) -> str:
    user = service.create_user(name, PASSWORD.format(name))
    assert (user.username, user.is_admin) == (name, False)
    return name


def test_who_does_not_log_in_is_refused_at_once(acting: Acting) -> None:
    acting.nobody()
    with pytest.raises(MlflowException, match="You are not authenticated"):
        MlflowClient().search_experiments()
    acting("stranger")
    with pytest.raises(MlflowException, match="user name or the password is wrong"):
        MlflowClient().search_experiments()


def test_users_are_made_read_changed_and_deleted(service: Any, acting: Acting) -> None:
    name = new_user(service, "made")
    assert service.get_user(name).id == service.get_user(name).id
    with pytest.raises(MlflowException, match="already exists") as taken:
        service.create_user(name, PASSWORD.format(name))
    assert "argon2" not in str(taken.value)
    service.update_user_admin(name, is_admin=True)
    assert service.get_user(name).is_admin
    service.update_user_admin(name, is_admin=False)
    service.update_user_password(name, "another password of made")
    acting(name)
    with pytest.raises(MlflowException, match="wrong"):
        MlflowClient().search_experiments()
    acting("admin")
    service.delete_user(name)
    with pytest.raises(MlflowException, match="not found"):
        service.get_user(name)


def _grant(service: Any, experiment_id: str, name: str, permission: str) -> None:
    if GENERATION >= 3:
        service.grant_user_permission(name, "experiment", experiment_id, permission)
    else:
        service.create_experiment_permission(experiment_id, name, permission)


def _revoke(service: Any, experiment_id: str, name: str) -> None:
    if GENERATION >= 3:
        service.revoke_user_permission(name, "experiment", experiment_id)
    else:
        service.delete_experiment_permission(experiment_id, name)


def test_a_grant_on_an_experiment_is_heeded_from_the_next_call_on(service: Any, acting: Acting) -> None:
    client = MlflowClient()
    experiment = client.create_experiment("granted to somebody")
    name = new_user(service, "somebody")
    acting(name)
    with pytest.raises(MlflowException, match="No Experiment with id"):
        client.get_experiment(experiment)
    acting("admin")
    _grant(service, experiment, name, "READ")
    acting(name)
    assert client.get_experiment(experiment).name == "granted to somebody"
    with pytest.raises(MlflowException, match="Permission denied"):
        client.create_run(experiment)
    acting("admin")
    _revoke(service, experiment, name)
    _grant(service, experiment, name, "EDIT")
    acting(name)
    run = client.create_run(experiment)
    client.log_metric(run.info.run_id, "m", 1.0)
    assert client.get_run(run.info.run_id).data.metrics == {"m": 1.0}
    with pytest.raises(MlflowException, match="Permission denied"):
        client.delete_experiment(experiment)
    acting("admin")
    _revoke(service, experiment, name)
    acting(name)
    with pytest.raises(MlflowException, match="not found"):
        client.log_metric(run.info.run_id, "m", 2.0)


@pytest.mark.skipif(GENERATION >= 3, reason="gone from clients since 3.13")
def test_permissions_of_the_older_generation(service: Any, acting: Acting) -> None:
    client = MlflowClient()
    experiment = client.create_experiment("of the older generation")
    client.create_registered_model("older")
    name = new_user(service, "older-user")
    found = service.create_experiment_permission(experiment, name, "READ")
    assert (found.experiment_id, found.permission) == (experiment, "READ")
    service.update_experiment_permission(experiment, name, "MANAGE")
    assert service.get_experiment_permission(experiment, name).permission == "MANAGE"
    service.delete_experiment_permission(experiment, name)
    with pytest.raises(MlflowException, match="no permission"):
        service.get_experiment_permission(experiment, name)
    found = service.create_registered_model_permission("older", name, "READ")
    assert (found.name, found.permission) == ("older", "READ")
    service.update_registered_model_permission("older", name, "EDIT")
    acting(name)
    client.update_registered_model("older", "described by a user")
    acting("admin")
    service.delete_registered_model_permission("older", name)


@pytest.mark.since_3
def test_roles_and_permissions_of_the_newer_generation(service: Any, acting: Acting) -> None:
    client = MlflowClient()
    name = new_user(service, "newer-user")
    assert {"viewer", "member", "editor", "manager"} <= {role.name for role in service.list_roles("default")}
    role = service.create_role(workspace="default", name="trainers", description="who train")
    assert service.get_role(role.id).name == "trainers"
    permission = service.add_role_permission(role.id, "experiment", "*", "READ")
    assert [each.permission for each in service.list_role_permissions(role.id)] == ["READ"]
    assert service.update_role_permission(permission.id, "EDIT").permission == "EDIT"
    service.assign_role(name, role.id)
    assert [each.name for each in service.list_user_roles(name)] == ["trainers"]
    assert [each.role_id for each in service.list_role_users(role.id)] == [role.id]
    experiment = client.create_experiment("of the newer generation")
    assert service.get_user_permission(name, "experiment", experiment) is not None
    acting(name)
    client.create_run(experiment)
    acting("admin")
    service.unassign_role(name, role.id)
    service.remove_role_permission(permission.id)
    service.update_role(role.id, description="nobody")
    service.delete_role(role.id)
    acting(name)
    with pytest.raises(MlflowException, match="No Experiment with id"):
        client.get_experiment(experiment)


def test_a_token_stands_for_its_owner_and_trains(server: ServerProcess, service: Any, acting: Acting) -> None:
    import httpx  # noqa: PLC0415

    name = new_user(service, "trainer")
    answer = httpx.post(
        f"{server.url}/api/2.0/trackhelm/tokens/create",
        json={"name": "training"},
        auth=(name, PASSWORD.format(name)),
    )
    token = answer.json()["token"]
    experiment = mlflow.create_experiment("trained by token")
    _grant(service, experiment, name, "MANAGE")
    acting.by_token(token)
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_param("p", 1)
        mlflow.log_metric("m", 0.5, step=1)
        mlflow.log_text("text", "folder/file.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/folder/file.txt") == "text"
    # `~/.mlflow/credentials` knows a name and a password only.
    os.environ.pop("MLFLOW_TRACKING_TOKEN")
    os.environ["MLFLOW_TRACKING_USERNAME"] = name
    os.environ["MLFLOW_TRACKING_PASSWORD"] = token
    assert MlflowClient().get_run(run.info.run_id).data.params == {"p": "1"}


@pytest.mark.since_3
def test_a_workspace_keeps_its_experiments_to_itself(service: Any, acting: Acting) -> None:
    client = MlflowClient()
    assert "default" in {each.name for each in mlflow.list_workspaces()}
    mlflow.create_workspace("team-a", description="of one team")
    assert mlflow.get_workspace("team-a").description == "of one team"
    mlflow.set_workspace("team-a")
    try:
        experiment = client.create_experiment("the name may be taken elsewhere")
        run = client.create_run(experiment)
        assert run.info.artifact_uri.startswith("mlflow-artifacts:/workspaces/team-a/")
        client.log_text(run.info.run_id, "of team a", "a.txt")
        assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/a.txt") == "of team a"
        client.create_registered_model("same name")
    finally:
        mlflow.set_workspace("default")
    try:
        with pytest.raises(MlflowException, match="No Experiment with id"):
            client.get_experiment(experiment)
        assert client.get_experiment_by_name("the name may be taken elsewhere") is None
        client.create_experiment("the name may be taken elsewhere")
        client.create_registered_model("same name")
    finally:
        mlflow.set_workspace(None)
    with pytest.raises(MlflowException, match="is not empty"):
        mlflow.delete_workspace("team-a")
    with pytest.raises(MlflowException, match="has experiments of the same names"):
        mlflow.delete_workspace("team-a", mode="SET_DEFAULT")
    mlflow.delete_workspace("team-a", mode="CASCADE")
    assert "team-a" not in {each.name for each in mlflow.list_workspaces()}
    assert client.get_registered_model("same name").name == "same name"
    # What has a name of its own moves.
    mlflow.create_workspace("team-b")
    mlflow.set_workspace("team-b")
    try:
        moved = client.create_run(client.create_experiment("of team b")).info.run_id
        client.log_text(moved, "of team b", "a.txt")
    finally:
        mlflow.set_workspace(None)
    mlflow.delete_workspace("team-b", mode="SET_DEFAULT")
    assert (
        client.get_experiment_by_name("of team b").experiment_id == client.get_run(moved).info.experiment_id
    )
    assert mlflow.artifacts.load_text(f"runs:/{moved}/a.txt") == "of team b"


def test_a_training_over_its_quota_goes_on_more_slowly_and_one_without_room_ends_at_once(
    server: ServerProcess, service: Any, acting: Acting
) -> None:
    def set_quotas(**quotas: int) -> None:
        answer = httpx.post(
            f"{server.url}/api/2.0/trackhelm/workspaces/quotas",
            json=quotas,
            auth=("admin", PASSWORD.format("admin")),
        )
        assert answer.status_code == 200, answer.text

    experiment = mlflow.create_experiment("over its quota")
    try:
        set_quotas(points_per_second=1, points_burst=2)
        with mlflow.start_run(experiment_id=experiment) as run:
            for step in range(5):
                mlflow.log_metric("m", step, step=step)
        history = MlflowClient().get_metric_history(run.info.run_id, "m")
        assert [point.step for point in history] == list(range(5))
        set_quotas(runs=1)
        began = time.monotonic()
        with pytest.raises(MlflowException, match=r"has .* of at most 1 runs"):
            mlflow.start_run(experiment_id=experiment)
        # A refusal that is repeated would take minutes.
        assert time.monotonic() - began < 30
    finally:
        set_quotas()


def test_scripts_of_training_read_their_credentials_from_the_environment(
    service: Any, acting: Acting, tmp_path: Path
) -> None:
    name = new_user(service, "viewer-of-one")
    experiment = mlflow.create_experiment("seen by a viewer")
    _grant(service, experiment, name, "READ")
    acting(name)
    with pytest.raises(MlflowException, match="Permission denied"):
        mlflow.start_run(experiment_id=experiment)


@pytest.mark.skipif(GENERATION < 3, reason="clients log in as pods from 3.11 on")
@pytest.mark.parametrize("way", ["kubernetes", "kubernetes-namespaced"])
def test_a_pod_trains_with_the_token_that_kubernetes_mounts(
    server: ServerProcess, acting: Acting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    from mlflow.tracking.request_auth import kubernetes_request_auth_provider as provider  # noqa: PLC0415

    # The workspace has the name of the namespace, which the second way sends.
    workspace = "pods" if way == "kubernetes-namespaced" else "default"
    if workspace != "default":
        mlflow.create_workspace(workspace)
    message = {"namespace": "pods", "service_account": f"trainer-{workspace}", "role": "member"}
    made = httpx.post(
        f"{server.url}/api/2.0/trackhelm/kubernetes-bindings/create",
        json=message,
        headers={"X-MLFLOW-WORKSPACE": workspace},
        auth=("admin", PASSWORD.format("admin")),
    )
    assert made.status_code == 200, made.text
    acting.nobody()
    (tmp_path / "token").write_text(service_account_token("pods", f"trainer-{workspace}"))
    (tmp_path / "namespace").write_text("pods")
    monkeypatch.setattr(provider, "_SERVICE_ACCOUNT_TOKEN_PATH", tmp_path / "token")
    monkeypatch.setattr(provider, "_SERVICE_ACCOUNT_NAMESPACE_PATH", tmp_path / "namespace")
    # It asks whether the package is there, and uses nothing of it where a token is mounted.
    for name in ("kubernetes", "kubernetes.client", "kubernetes.config"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules["kubernetes"], "client", None, raising=False)
    monkeypatch.setattr(sys.modules["kubernetes"], "config", None, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", way)
    try:
        experiment = mlflow.set_experiment(f"of pods {way}")
        with mlflow.start_run() as run:
            mlflow.log_metric("loss", 0.5)
            mlflow.log_param("rate", 1)
            mlflow.log_text("made in a pod", "note.txt")
        found = MlflowClient().get_run(run.info.run_id)
        assert found.data.metrics == {"loss": 0.5}
        assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/note.txt") == "made in a pod"
        assert (experiment.artifact_location or "").startswith(
            "mlflow-artifacts:/workspaces/pods/" if workspace == "pods" else "mlflow-artifacts:/"
        )
        with pytest.raises(MlflowException, match="only an administrator"):
            mlflow.create_workspace("more")
    finally:
        mlflow.set_workspace(None)
