"""The table of what each live route needs, with a request for each, which `test_matrix` sends as everybody.

It is written by hand, and not made from what the code declares.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from tests.integration.access.conftest import MLFLOW, MLFLOW_3, OWN

AJAX: Final = "/ajax-api/2.0/mlflow"
FILES: Final = f"{MLFLOW}-artifacts"


class Kind(Enum):
    """What a route needs."""

    PUBLIC = auto()
    LOGIN = auto()
    READ = auto()
    EDIT = auto()
    MANAGE = auto()
    CREATE = auto()
    """A member's right."""
    MANAGER = auto()
    MANAGED = auto()
    """A route of identity that checks by itself who manages what it names."""
    ADMIN = auto()
    REQUESTER = auto()
    """Withdrawing a request: for who made it."""


PEOPLE: Final = {
    "viewer": {Kind.READ},
    "member": {Kind.READ, Kind.CREATE},
    "editor": {Kind.READ, Kind.CREATE, Kind.EDIT},
    "manager": {*Kind} - {Kind.ADMIN, Kind.REQUESTER},
    "admin": {*Kind} - {Kind.REQUESTER},
    "narrow": {Kind.READ},
}
"""Who may do what in the workspace `default`. `narrow` is an editor's token for reading."""

NOT_LET_IN: Final = (None, "disabled", "expired", "nobody")
FOREIGN: Final = "foreign"
"""A manager of the other workspace, and nothing in this one."""


@dataclass(frozen=True)
class Objects:
    """The ids of one thing of each kind in the workspace `default`."""

    experiment: str
    run: str
    logged_model: str
    name: str
    version: str
    path: str
    approval: str
    webhook: str
    delivery: str
    role: str
    permission: str
    user: str
    view: str
    binding: str
    workspace: str


MISSING: Final = Objects(
    experiment="4242424242",
    run="0" * 32,
    logged_model="m-" + "0" * 32,
    name="nobody-has-this",
    version="1",
    path="4242424242/" + "0" * 32 + "/artifacts/a.txt",
    approval="42424242",
    webhook="0" * 32,
    delivery="0" * 32,
    role="42424242",
    permission="42424242",
    user="nobody-has-this-name",
    view="0" * 32,
    binding="42424242",
    workspace="no-such-workspace",
)

Sent = dict[str, Any]


def q(**params: Any) -> Sent:
    return {"params": params}


def j(**message: Any) -> Sent:
    return {"json": message}


@dataclass(frozen=True)
class Row:
    kind: Kind
    method: str
    path: str
    build: Callable[[Objects], Sent] = lambda _o: {}
    what: str = "object"
    """What of the object takes part in its address; the rest of the table says how."""

    @property
    def route(self) -> tuple[str, str]:
        return self.method, self.path


def unique() -> str:
    return f"new-{uuid.uuid4().hex}"


def E_(o: Objects, **more: Any) -> Sent:  # noqa: N802 - as short as the table needs it
    return j(experiment_id=o.experiment, **more)


def R_(o: Objects, **more: Any) -> Sent:  # noqa: N802
    return j(run_id=o.run, **more)


def N_(o: Objects, **more: Any) -> Sent:  # noqa: N802
    return j(name=o.name, **more)


def V_(o: Objects, **more: Any) -> Sent:  # noqa: N802
    return j(name=o.name, version=o.version, **more)


P, L, RD, ED, MG, CR = Kind.PUBLIC, Kind.LOGIN, Kind.READ, Kind.EDIT, Kind.MANAGE, Kind.CREATE
MR, MD, AD = Kind.MANAGER, Kind.MANAGED, Kind.ADMIN
METRIC: Final[dict[str, Any]] = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}
USERS, ROLES = f"{MLFLOW}/users", f"{MLFLOW_3}/roles"
EXPERIMENTS, RUNS = f"{MLFLOW}/experiments", f"{MLFLOW}/runs"
MODELS, VERSIONS = f"{MLFLOW}/registered-models", f"{MLFLOW}/model-versions"
LOGGED: Final = f"{MLFLOW}/logged-models"
HOOKS: Final = f"{MLFLOW}/webhooks"

TABLE: Final = (
    *(Row(P, "GET", path) for path in ("/health", "/ready", "/version", f"{MLFLOW_3}/server-info")),
    Row(P, "GET", f"{OWN}/server-info"),
    # experiments
    Row(CR, "POST", f"{EXPERIMENTS}/create", lambda _o: j(name=unique())),
    Row(RD, "GET", f"{EXPERIMENTS}/get", lambda o: q(experiment_id=o.experiment)),
    Row(RD, "POST", f"{EXPERIMENTS}/search", lambda _o: j(max_results=1000)),
    Row(RD, "GET", f"{EXPERIMENTS}/search", lambda _o: q(max_results=1000)),
    Row(RD, "POST", f"{AJAX}/experiments/search-datasets", lambda o: j(experiment_ids=[o.experiment])),
    Row(ED, "POST", f"{EXPERIMENTS}/update", lambda o: E_(o, new_name=unique())),
    Row(ED, "POST", f"{EXPERIMENTS}/set-experiment-tag", lambda o: E_(o, key="k", value="v")),
    Row(ED, "POST", f"{EXPERIMENTS}/delete-experiment-tag", lambda o: E_(o, key="made")),
    Row(MG, "POST", f"{EXPERIMENTS}/delete", E_),
    Row(MG, "POST", f"{EXPERIMENTS}/restore", E_, what="deleted experiment"),
    # runs
    Row(ED, "POST", f"{RUNS}/create", E_),
    Row(ED, "POST", f"{OWN}/runs/create", lambda o: E_(o, run_id=uuid.uuid4().hex)),
    Row(RD, "GET", f"{RUNS}/get", lambda o: q(run_id=o.run)),
    Row(RD, "POST", f"{RUNS}/search", lambda o: j(experiment_ids=[o.experiment])),
    Row(ED, "POST", f"{RUNS}/update", lambda o: R_(o, status="FAILED")),
    Row(ED, "POST", f"{RUNS}/log-parameter", lambda o: R_(o, key="p", value="1")),
    Row(ED, "POST", f"{RUNS}/set-tag", lambda o: R_(o, key="t", value="1")),
    Row(ED, "POST", f"{RUNS}/delete-tag", lambda o: R_(o, key="made")),
    Row(ED, "POST", f"{RUNS}/log-metric", lambda o: R_(o, **METRIC)),
    Row(ED, "POST", f"{RUNS}/log-batch", lambda o: R_(o, metrics=[METRIC])),
    Row(ED, "POST", f"{RUNS}/log-inputs", R_),
    Row(ED, "POST", f"{RUNS}/outputs", lambda o: R_(o, models=[{"model_id": "m-1", "step": 0}])),
    Row(
        ED,
        "POST",
        f"{RUNS}/log-model",
        lambda o: R_(
            o,
            model_json=json.dumps(
                {"run_id": o.run, "artifact_path": "m", "flavors": {}, "utc_time_created": "now"}
            ),
        ),
    ),
    Row(MG, "POST", f"{RUNS}/delete", R_),
    Row(MG, "POST", f"{RUNS}/restore", R_),
    # metrics
    Row(RD, "GET", f"{MLFLOW}/metrics/get-history", lambda o: q(run_id=o.run, metric_key="made")),
    Row(RD, "GET", f"{AJAX}/metrics/get-history-bulk", lambda o: q(run_id=o.run, metric_key="made")),
    Row(
        RD,
        "GET",
        f"{MLFLOW}/metrics/get-history-bulk-interval",
        lambda o: q(run_ids=o.run, metric_key="made"),
    ),
    Row(RD, "POST", f"{OWN}/charts/buckets", lambda o: j(run_ids=[o.run], keys=["made"])),
    Row(RD, "POST", f"{OWN}/series/list", lambda o: j(run_ids=[o.run])),
    *(
        Row(RD, "POST", f"{OWN}/{path}", lambda o: j(experiment_ids=[o.experiment]))
        for path in ("runs/table", "runs/csv", "runs/count")
    ),
    # Of metrics, it would wait until what rows before have logged is stored, which is a change.
    Row(RD, "POST", f"{OWN}/keys/search", lambda o: j(experiment_ids=[o.experiment], kinds=["tag"])),
    Row(RD, "POST", f"{OWN}/runs/groups", lambda o: j(experiment_ids=[o.experiment], group_by="tags.made")),
    Row(
        RD,
        "POST",
        f"{OWN}/keys/values",
        lambda o: j(experiment_ids=[o.experiment], kind="tag", key="made"),
    ),
    Row(RD, "GET", f"{OWN}/views/list", lambda o: q(experiment_id=o.experiment)),
    Row(RD, "GET", f"{OWN}/views/get", lambda o: q(view_id=o.view)),
    Row(ED, "POST", f"{OWN}/views/create", lambda o: E_(o, name=unique(), state="{}")),
    Row(ED, "POST", f"{OWN}/views/update", lambda o: j(view_id=o.view, name=unique())),
    Row(ED, "POST", f"{OWN}/views/delete", lambda o: j(view_id=o.view)),
    Row(RD, "GET", f"{OWN}/series/history", lambda o: q(run_id=o.run, key="made")),
    # files
    Row(RD, "GET", f"{MLFLOW}/artifacts/list", lambda o: q(run_id=o.run)),
    Row(RD, "GET", f"{FILES}/artifacts", lambda o: q(path=o.path.rpartition("/")[0])),
    Row(RD, "GET", f"{FILES}/artifacts/{{path}}"),
    Row(RD, "HEAD", f"{FILES}/artifacts/{{path}}"),
    Row(ED, "PUT", f"{FILES}/artifacts/{{path}}", lambda _o: {"content": b"new"}),
    Row(MG, "DELETE", f"{FILES}/artifacts/{{path}}"),
    Row(RD, "GET", "/get-artifact", lambda o: q(run_id=o.run, path="a.txt")),
    Row(RD, "GET", f"{OWN}/artifacts/archive", lambda o: q(run_id=o.run)),
    Row(
        RD,
        "GET",
        "/model-versions/get-artifact",
        lambda o: q(name=o.name, version=o.version, path="a.txt"),
    ),
    Row(RD, "GET", f"{LOGGED}/{{model_id}}/artifacts/directories"),
    Row(RD, "GET", f"{LOGGED}/{{model_id}}/artifacts/files", lambda _o: q(artifact_file_path="a.txt")),
    Row(
        ED,
        "POST",
        f"{AJAX}/upload-artifact",
        lambda o: {"params": {"run_uuid": o.run, "path": "b.txt"}, "content": b"new"},
    ),
    # logged models
    Row(ED, "POST", LOGGED, E_),
    Row(RD, "POST", f"{LOGGED}/search", lambda o: j(experiment_ids=[o.experiment])),
    Row(RD, "GET", f"{LOGGED}/{{model_id}}"),
    Row(ED, "PATCH", f"{LOGGED}/{{model_id}}", lambda o: j(model_id=o.logged_model, status="2")),
    Row(MG, "DELETE", f"{LOGGED}/{{model_id}}"),
    Row(ED, "PATCH", f"{LOGGED}/{{model_id}}/tags", lambda _o: j(tags=[{"key": "t", "value": "1"}])),
    Row(ED, "DELETE", f"{LOGGED}/{{model_id}}/tags/{{key}}"),
    Row(
        ED,
        "POST",
        f"{LOGGED}/{{model_id}}/params",
        lambda o: j(model_id=o.logged_model, params=[{"key": "p", "value": "1"}]),
    ),
    # registered models
    Row(CR, "POST", f"{MODELS}/create", lambda _o: j(name=unique())),
    Row(RD, "GET", f"{MODELS}/get", lambda o: q(name=o.name)),
    Row(RD, "GET", f"{MODELS}/search", lambda _o: q(max_results=1000)),
    Row(RD, "GET", f"{MODELS}/get-latest-versions", lambda o: q(name=o.name)),
    Row(RD, "POST", f"{MODELS}/get-latest-versions", N_),
    Row(ED, "POST", f"{MODELS}/rename", lambda o: N_(o, new_name=unique())),
    Row(ED, "PATCH", f"{MODELS}/update", lambda o: N_(o, description="d")),
    Row(ED, "POST", f"{MODELS}/set-tag", lambda o: N_(o, key="k", value="v")),
    Row(ED, "DELETE", f"{MODELS}/delete-tag", lambda o: N_(o, key="k")),
    Row(ED, "POST", f"{MODELS}/alias", lambda o: V_(o, alias="a")),
    Row(RD, "GET", f"{MODELS}/alias", lambda o: q(name=o.name, alias="made")),
    Row(ED, "DELETE", f"{MODELS}/alias", lambda o: N_(o, alias="made")),
    Row(MG, "DELETE", f"{MODELS}/delete", N_),
    Row(ED, "POST", f"{VERSIONS}/create", lambda o: N_(o, source="s3://elsewhere/m")),
    Row(RD, "GET", f"{VERSIONS}/get", lambda o: q(name=o.name, version=o.version)),
    Row(RD, "GET", f"{VERSIONS}/get-download-uri", lambda o: q(name=o.name, version=o.version)),
    Row(RD, "GET", f"{VERSIONS}/search", lambda _o: q(max_results=1000)),
    Row(ED, "POST", f"{VERSIONS}/transition-stage", lambda o: V_(o, stage="Staging")),
    Row(ED, "PATCH", f"{VERSIONS}/update", lambda o: V_(o, description="d")),
    Row(ED, "POST", f"{VERSIONS}/set-tag", lambda o: V_(o, key="k", value="v")),
    Row(ED, "DELETE", f"{VERSIONS}/delete-tag", lambda o: V_(o, key="k")),
    Row(MG, "DELETE", f"{VERSIONS}/delete", V_),
    # governance
    Row(RD, "GET", f"{OWN}/protections/list", lambda o: q(name=o.name)),
    Row(MG, "POST", f"{OWN}/protections/set", lambda o: N_(o, kind="alias", target="b")),
    Row(MG, "POST", f"{OWN}/protections/lift", lambda o: N_(o, kind="alias", target="b")),
    Row(MG, "POST", f"{OWN}/rollbacks/alias", lambda o: N_(o, alias="twice")),
    Row(MG, "POST", f"{OWN}/rollbacks/stage", lambda o: N_(o, stage="Archived")),
    Row(RD, "GET", f"{OWN}/approvals/list", lambda o: q(model_name=o.name)),
    Row(RD, "GET", f"{OWN}/approvals/get", lambda o: q(id=o.approval)),
    Row(MG, "POST", f"{OWN}/approvals/approve", lambda o: j(id=o.approval)),
    Row(MG, "POST", f"{OWN}/approvals/reject", lambda o: j(id=o.approval)),
    Row(Kind.REQUESTER, "POST", f"{OWN}/approvals/withdraw", lambda o: j(id=o.approval)),
    Row(RD, "GET", f"{OWN}/lineage/graph", lambda o: q(run_id=o.run)),
    Row(MR, "GET", f"{OWN}/audit/events"),
    Row(MR, "POST", f"{OWN}/audit/events", lambda _o: j()),
    Row(RD, "GET", f"{OWN}/audit/stages", lambda o: q(name=o.name)),
    # webhooks
    Row(
        MR,
        "POST",
        HOOKS,
        lambda _o: j(
            name=unique(),
            url="https://hooks.example/x",
            events=[{"entity": "REGISTERED_MODEL", "action": "CREATED"}],
        ),
    ),
    Row(MR, "GET", HOOKS),
    Row(MR, "GET", f"{OWN}/webhooks"),
    Row(MR, "GET", f"{HOOKS}/{{webhook_id}}"),
    Row(MR, "PATCH", f"{HOOKS}/{{webhook_id}}", lambda _o: j(description="d")),
    Row(MR, "DELETE", f"{HOOKS}/{{webhook_id}}"),
    Row(MR, "POST", f"{HOOKS}/{{webhook_id}}/test", lambda _o: j(), what="webhook that nobody calls"),
    Row(MR, "GET", f"{OWN}/webhooks/{{webhook_id}}/deliveries"),
    Row(MR, "POST", f"{OWN}/webhooks/{{webhook_id}}/deliveries/{{delivery_id}}/resend", lambda _o: j()),
    # identity
    Row(MD, "POST", f"{USERS}/create", lambda _o: j(username=unique(), password="long enough it is")),
    Row(L, "GET", f"{USERS}/current"),
    Row(MD, "GET", f"{USERS}/list"),
    Row(AD, "GET", f"{USERS}/get", lambda o: q(username=o.user)),
    Row(AD, "PATCH", f"{USERS}/update-password", lambda o: j(username=o.user, password="long enough, too")),
    Row(AD, "PATCH", f"{USERS}/update-admin", lambda o: j(username=o.user, is_admin=False)),
    Row(AD, "DELETE", f"{USERS}/delete", lambda o: j(username=o.user)),
    Row(P, "GET", f"{OWN}/logins"),
    Row(L, "GET", f"{OWN}/sessions/list", what="own tokens"),
    Row(L, "POST", f"{OWN}/sessions/revoke", lambda _o: j(id=42424242), what="own tokens"),
    Row(L, "POST", f"{OWN}/sessions/end", lambda _o: j(), what="missing session"),
    *(
        Row(L, method, f"{OWN}/devices/{verb}", build, what="own tokens")
        for method, verb, build in (
            ("GET", "get", lambda _o: q(user_code="BBBB-BBBB")),
            ("POST", "approve", lambda _o: j(user_code="BBBB-BBBB")),
            ("POST", "deny", lambda _o: j(user_code="BBBB-BBBB")),
        )
    ),
    Row(L, "GET", f"{OWN}/tokens/list"),
    Row(L, "POST", f"{OWN}/tokens/create", lambda _o: j(name="t"), what="own tokens"),
    Row(L, "POST", f"{OWN}/tokens/revoke", lambda _o: j(id=42424242), what="missing token"),
    Row(MR, "GET", f"{OWN}/service-accounts/list"),
    Row(MR, "POST", f"{OWN}/service-accounts/create", lambda _o: j(name=unique())),
    Row(MR, "POST", f"{OWN}/service-accounts/delete", lambda o: j(name=o.user), what="service account"),
    Row(L, "GET", f"{MLFLOW_3}/workspaces"),
    Row(L, "GET", f"{MLFLOW_3}/workspaces/{{name}}", what="workspace"),
    Row(AD, "POST", f"{MLFLOW_3}/workspaces", lambda _o: j(name=f"w{uuid.uuid4().hex[:20]}")),
    Row(AD, "PATCH", f"{MLFLOW_3}/workspaces/{{name}}", lambda _o: j(description="d"), what="workspace"),
    Row(AD, "DELETE", f"{MLFLOW_3}/workspaces/{{name}}", what="workspace"),
    Row(MD, "POST", f"{ROLES}/create", lambda _o: j(name=unique(), workspace="default")),
    Row(L, "GET", f"{ROLES}/get", lambda o: q(role_id=o.role)),
    Row(L, "GET", f"{ROLES}/list"),
    Row(MD, "PATCH", f"{ROLES}/update", lambda o: j(role_id=o.role, description="d")),
    Row(MD, "DELETE", f"{ROLES}/delete", lambda o: j(role_id=o.role)),
    Row(
        MD,
        "POST",
        f"{ROLES}/permissions/add",
        lambda o: j(
            role_id=o.role, resource_type="registered_model", resource_pattern="*", permission="EDIT"
        ),
    ),
    Row(
        MD,
        "PATCH",
        f"{ROLES}/permissions/update",
        lambda o: j(role_permission_id=o.permission, permission="EDIT"),
    ),
    Row(MD, "DELETE", f"{ROLES}/permissions/remove", lambda o: j(role_permission_id=o.permission)),
    Row(L, "GET", f"{ROLES}/permissions/list", lambda o: q(role_id=o.role)),
    Row(MD, "POST", f"{ROLES}/assign", lambda o: j(username=o.user, role_id=o.role)),
    Row(MD, "DELETE", f"{ROLES}/unassign", lambda o: j(username="viewer", role_id=o.role)),
    Row(MD, "GET", f"{ROLES}/users/list", lambda o: q(role_id=o.role)),
    Row(MD, "GET", f"{MLFLOW_3}/users/roles/list", lambda o: q(username=o.user)),
    Row(MD, "GET", f"{MLFLOW_3}/users/permissions/list", lambda o: q(username=o.user)),
    Row(L, "GET", f"{MLFLOW_3}/users/current/permissions"),
    Row(
        MR,
        "POST",
        f"{OWN}/kubernetes-bindings/create",
        lambda _o: j(namespace=unique(), service_account="trainer", role="viewer"),
    ),
    Row(MR, "GET", f"{OWN}/kubernetes-bindings/list"),
    Row(MR, "POST", f"{OWN}/kubernetes-bindings/delete", lambda o: j(id=o.binding)),
    Row(MD, "GET", f"{MLFLOW_3}/workspaces/{{name}}/permissions", what="other workspace"),
    Row(
        MD,
        "POST",
        f"{MLFLOW_3}/workspaces/{{name}}/permissions",
        lambda o: j(username=o.user, permission="READ"),
        what="other workspace",
    ),
    Row(
        MD,
        "DELETE",
        f"{MLFLOW_3}/workspaces/{{name}}/permissions",
        lambda o: q(username=o.user),
        what="other workspace",
    ),
    Row(MD, "GET", f"{MLFLOW_3}/workspace-permissions", lambda o: q(username=o.user)),
    Row(L, "GET", f"{OWN}/workspaces/usage"),
    # Of nothing that is asked for, so that the rows after it find room.
    Row(AD, "POST", f"{OWN}/workspaces/quotas", lambda _o: j()),
    *(
        Row(MD, method, f"{MLFLOW_3}/users/permissions/{verb}", build)
        for method, verb, build in (
            (
                "POST",
                "grant",
                lambda o: j(
                    username=o.user,
                    resource_type="experiment",
                    resource_id=o.experiment,
                    permission="READ",
                ),
            ),
            (
                "POST",
                "revoke",
                lambda o: j(username="granted", resource_type="experiment", resource_id=o.experiment),
            ),
            (
                "GET",
                "get",
                lambda o: q(username=o.user, resource_type="experiment", resource_id=o.experiment),
            ),
        )
    ),
    Row(MD, "GET", f"{OWN}/grants/list", lambda o: q(experiment_id=o.experiment)),
    Row(MD, "POST", f"{EXPERIMENTS}/permissions/create", lambda o: E_(o, username=o.user, permission="READ")),
    Row(
        MD,
        "GET",
        f"{EXPERIMENTS}/permissions/get",
        lambda o: q(experiment_id=o.experiment, username="granted"),
    ),
    Row(
        MD,
        "PATCH",
        f"{EXPERIMENTS}/permissions/update",
        lambda o: E_(o, username="granted", permission="EDIT"),
    ),
    Row(MD, "DELETE", f"{EXPERIMENTS}/permissions/delete", lambda o: E_(o, username="granted")),
    Row(MD, "POST", f"{MODELS}/permissions/create", lambda o: N_(o, username=o.user, permission="READ")),
    Row(MD, "GET", f"{MODELS}/permissions/get", lambda o: q(name=o.name, username="granted")),
    Row(MD, "PATCH", f"{MODELS}/permissions/update", lambda o: N_(o, username="granted", permission="EDIT")),
    Row(MD, "DELETE", f"{MODELS}/permissions/delete", lambda o: N_(o, username="granted")),
)

ELSEWHERE: Final = {
    ("GET", f"{EXPERIMENTS}/get-by-name"): "test_names_and_lists",
    # It makes a session of anyone who knows a password.
    ("POST", f"{OWN}/sessions/create"): "test_sessions",
    # They make a program wait, and answer it.
    ("POST", f"{OWN}/devices/begin"): "test_devices",
    ("POST", f"{OWN}/devices/poll"): "test_devices",
    # They need an identity provider.
    ("GET", f"{OWN}/oidc/begin"): "oidc/test_people",
    ("GET", f"{OWN}/oidc/callback"): "oidc/test_people",
    ("POST", f"{OWN}/metrics"): "test_logging",
    # A folder has neither; over a bucket they are looked at in tests/integration/access/test_files.py.
    ("POST", f"{FILES}/mpu/create/{{path}}"): "test_files",
    ("POST", f"{FILES}/mpu/complete/{{path}}"): "test_files",
    ("POST", f"{FILES}/mpu/abort/{{path}}"): "test_files",
    ("GET", f"{FILES}/presigned/{{path}}"): "test_files",
    ("POST", f"{MLFLOW}/artifacts/presigned-upload-url"): "test_files",
    ("POST", f"{MLFLOW}/artifacts/presigned-download-url"): "test_files",
}
"""Routes that need more than a row, with the file of their test beside this one."""
