"""Every live route, asked by every kind of principal about what is in their workspace and in another one.

What each must answer is in one table here, and not in the code: a route without a row fails. A refusal must
say no more than the answer about something that does not exist, and must change nothing.
"""

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

import pytest
from sqlalchemy import func, select, update

from tests.fixtures.databases import new_database
from tests.integration.access.conftest import MLFLOW_3, OTHER, OWN, PASSWORD, Changes, Site
from tests.integration.access.table import (
    ELSEWHERE,
    FILES,
    FOREIGN,
    MISSING,
    NOT_LET_IN,
    PEOPLE,
    TABLE,
    USERS,
    Kind,
    Objects,
    Row,
    unique,
)
from trackhelm_domain.access.rights import change_access
from trackhelm_domain.tables import AccessToken, Account


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over SQLite, or over what its marker `over` names, where the databases may differ."""
    if "module_database_url" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("over")
        kinds = marker.args if marker else ("sqlite",)
        metafunc.parametrize("module_database_url", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a database of each kind that no other module uses."""
    return new_database(request, tmp_path_factory)


@pytest.fixture(scope="module")
def people(site: Site) -> Site:
    """Return the server with a person of each kind."""
    for name in ("viewer", "member", "editor", "manager"):
        site.new_user(name, name)
    for name in ("asker", "granted"):
        site.new_user(name, "editor")
    site.new_user(FOREIGN, "manager", OTHER)
    site.new_user("disabled", "editor")
    # Tokens, because who fails with passwords must wait.
    site.tokens["disabled"] = site.new_token("disabled")
    site.tokens["nobody"] = "thp_" + "0" * 36
    site.tokens["narrow"] = site.new_token("editor", scopes=["read"])
    site.tokens["expired"] = site.new_token("editor")
    with site.runtime.database.writing() as session:
        newest = select(func.max(AccessToken.id)).scalar_subquery()
        session.execute(update(AccessToken).where(AccessToken.id == newest).values(expiry_time=1))
    _disable(site, "disabled")
    return site


def _disable(site: Site, name: str) -> None:
    with site.runtime.database.writing() as session:
        change_access(session)
        session.execute(update(Account).where(Account.name == name).values(is_disabled=True))


@pytest.fixture(scope="module")
def changes(site: Site) -> Changes:
    return Changes(site.runtime.database.engine)


def make(site: Site, row: Row) -> Objects:
    """Make one thing of each kind that a row is about in the workspace `default`, as an administrator."""
    made = dict.fromkeys((field.name for field in fields(Objects)), "") | {
        "delivery": "0" * 32,
        "version": "1",
    }
    experiment = made["experiment"] = site.post("admin", "experiments/create", name=unique())["experiment_id"]
    tag = {"key": "made", "value": "v"}
    site.post("admin", "experiments/set-experiment-tag", experiment_id=experiment, **tag)
    run = site.post("admin", "runs/create", experiment_id=experiment)["run"]["info"]
    made["run"], made["path"] = run["run_id"], _with_file(site, run["artifact_uri"])
    metric = {"key": "made", "value": 1.0, "timestamp": 1, "step": 0}
    site.post("admin", "runs/log-batch", run_id=run["run_id"], metrics=[metric], tags=[tag])
    if "logged-models" in row.path:
        model = site.post("admin", "logged-models", experiment_id=experiment, name="m", tags=[tag])
        made["logged_model"] = model["model"]["info"]["model_id"]
        _with_file(site, model["model"]["info"]["artifact_uri"])
    if re.search("registered-models|model-versions|protections|rollbacks|approvals|stages", row.path):
        made["name"] = _make_model(site, run)
    if "/approvals/" in row.path:
        name = made["name"]
        site.post("admin", f"{OWN}/protections/set", name=name, kind="alias", target="guarded")
        refusal = site.post("asker", "registered-models/alias", 403, name=name, alias="guarded", version="1")
        found = re.search(r"approval request (\d+)", refusal["message"])
        assert found
        made["approval"] = found[1]
    made["workspace"] = _make_workspace(site) if row.route == ("DELETE", WORKSPACE) else OTHER
    made["binding"] = _make_binding(site) if row.path.endswith("/kubernetes-bindings/delete") else ""
    made["view"] = _make_view(site, experiment) if "/views/" in row.path else ""
    if "{webhook_id}" in row.path:
        events = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]
        asked: dict[str, Any] = {"name": unique(), "url": "https://hooks.example/x", "events": events}
        webhook = site.post("admin", "webhooks", status="DISABLED", **asked)
        made["webhook"] = webhook["webhook"]["webhook_id"]
    if "/roles/" in row.path:
        role = made["role"] = site.post("admin", f"{MLFLOW_3}/roles/create", name=unique())["role"]["id"]
        granted = {"resource_type": "experiment", "resource_pattern": "*", "permission": "READ"}
        added = site.post("admin", f"{MLFLOW_3}/roles/permissions/add", role_id=role, **granted)
        made["permission"] = added["role_permission"]["id"]
        site.post("admin", f"{MLFLOW_3}/roles/assign", role_id=role, username="viewer")
    if re.search("users|roles|permissions|service-accounts", row.path):
        # A password takes long to hash.
        made["user"] = site.new_user()
    if "/permissions/" in row.path:
        message = {"username": "granted", "permission": "READ"}
        site.post("admin", "experiments/permissions/create", experiment_id=experiment, **message)
        if made["name"]:
            site.post("admin", "registered-models/permissions/create", name=made["name"], **message)
    if row.what == "deleted experiment":
        site.post("admin", "experiments/delete", experiment_id=experiment)
    return Objects(**made)


def _with_file(site: Site, uri: str) -> str:
    """Store a file below a URI, and return its path in the store."""
    path = f"{uri.removeprefix('mlflow-artifacts:/')}/a.txt"
    assert site.send("admin", "PUT", f"{FILES}/artifacts/{path}", content=b"made").status_code == 200
    return path


def _make_view(site: Site, experiment: str) -> str:
    message = {"experiment_id": experiment, "name": unique(), "state": "{}"}
    view_id: str = site.post("admin", f"{OWN}/views/create", **message)["view"]["view_id"]
    return view_id


def _make_workspace(site: Site) -> str:
    """Make a workspace that may be deleted: who is foreign manages the other one for all tests."""
    name = f"w{uuid.uuid4().hex[:20]}"
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=name)
    return name


def _make_binding(site: Site) -> str:
    message = {"namespace": unique(), "service_account": "trainer", "role": "viewer"}
    return str(site.post("admin", f"{OWN}/kubernetes-bindings/create", **message)["binding"]["id"])


def _make_model(site: Site, run: dict[str, str]) -> str:
    name = unique()
    site.post("admin", "registered-models/create", name=name)
    source = {"source": run["artifact_uri"], "run_id": run["run_id"]}
    for _ in range(2):
        site.post("admin", "model-versions/create", name=name, **source)
    for alias, version in (("made", "1"), ("twice", "1"), ("twice", "2")):
        site.post("admin", "registered-models/alias", name=name, alias=alias, version=version)
    site.post("admin", "model-versions/transition-stage", name=name, version="2", stage="Archived")
    return name


WORKSPACE: Final = f"{MLFLOW_3}/workspaces/{{name}}"
_OF_NO_WORKSPACE: Final = (
    *(f"{MLFLOW_3}/workspaces", f"{USERS}/create", f"{USERS}/list"),
    # Who manages any workspace finds every user, with what they may do in that one.
    *(f"{MLFLOW_3}/users/permissions/list", f"{MLFLOW_3}/users/permissions/get"),
    *(f"{MLFLOW_3}/users/roles/list", f"{MLFLOW_3}/workspace-permissions"),
)


def ask(site: Site, who: str | None, row: Row, objects: Objects, workspace: str | None = None) -> Any:
    """Send the request of a row about some objects."""
    path = row.path
    for name, value in (
        ("{path}", objects.path),
        ("{model_id}", objects.logged_model),
        ("{webhook_id}", objects.webhook),
        ("{delivery_id}", objects.delivery),
        ("{key}", "made"),
        ("{name}", objects.workspace),
    ):
        path = path.replace(name, value)
    return site.send(who, row.method, path, workspace=workspace, **row.build(objects))


def without_ids(text: str, objects: Objects) -> str:
    """Return a text without ids, so that answers about two things can be compared."""
    values = {str(getattr(objects, field.name)) for field in fields(objects) if field.name != "workspace"}
    for value in sorted(values, key=len, reverse=True):
        if value and not value.isdigit():
            text = text.replace(value, "<id>")
    return re.sub(r"\d+", "0", re.sub(r"new-[0-9a-f]{32}|[0-9a-f]{32}", "<id>", text))


def files(site: Site) -> int:
    return sum(len(names) for _, _, names in os.walk(site.data / "artifacts"))


def live_routes(site: Site) -> Iterator[tuple[str, str]]:
    document: dict[str, Any] = site.send("admin", "GET", "/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            yield method.upper(), path


def test_every_live_route_is_in_the_table(site: Site) -> None:
    listed = {row.route for row in TABLE} | ELSEWHERE.keys()
    live = set(live_routes(site))
    assert live - listed == set()
    assert {route for route in listed if route[0] != "HEAD"} - live == set()


ROWS: Final = [pytest.param(row, id=f"{row.method} {row.path}") for row in TABLE]


@pytest.mark.parametrize("row", ROWS)
def test_who_is_not_let_in_learns_and_changes_nothing(people: Site, changes: Changes, row: Row) -> None:
    before = changes.count
    for who in NOT_LET_IN:
        answer = ask(people, who, row, MISSING)
        if row.kind is Kind.PUBLIC and who is None:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, f"{who}: {answer.status_code} {answer.text}"
        if row.method != "HEAD":
            assert answer.json()["error_code"] == "UNAUTHENTICATED"
        assert "www-authenticate" in answer.headers
    assert changes.count == before


@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0].kind is not Kind.PUBLIC])  # type: ignore[union-attr]
def test_everybody_may_do_what_the_table_says_and_nothing_else(
    people: Site, changes: Changes, row: Row
) -> None:
    _ask_everybody(people, changes, row)


@pytest.mark.over("postgresql")
@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0].kind in {Kind.READ, Kind.CREATE}])  # type: ignore[union-attr]
def test_everybody_reads_the_same_over_postgresql(people: Site, changes: Changes, row: Row) -> None:
    _ask_everybody(people, changes, row)


def _ask_everybody(people: Site, changes: Changes, row: Row) -> None:
    objects = None
    for who, allowed in PEOPLE.items():
        if objects is None:
            objects = make(people, row)
        before, stored = changes.count, files(people)
        answer = ask(people, who, row, objects)
        told = f"{who}: {answer.status_code} {answer.text}"
        if row.kind is Kind.LOGIN or row.kind in allowed:
            assert answer.status_code != 401, told
            if answer.status_code == 403:
                assert row.what == "own tokens", told
                assert who == "narrow", told
            if row.what == "object" and not row.path.endswith("/resend"):
                assert answer.status_code < 300, told
            if row.method not in {"GET", "HEAD"}:
                objects = None
        else:
            assert answer.status_code in {403, 404}, told
            if row.kind in {Kind.READ, Kind.EDIT, Kind.MANAGE, Kind.REQUESTER}:
                assert answer.status_code == 403, told
            assert changes.count == before, f"{who} changed something"
            assert files(people) == stored


@pytest.mark.over("sqlite", "postgresql")
@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.values[0].kind not in {Kind.PUBLIC, Kind.LOGIN}],  # type: ignore[union-attr]
)
def test_what_is_in_another_workspace_is_as_if_it_were_missing(
    people: Site, changes: Changes, row: Row
) -> None:
    if row.path.startswith(_OF_NO_WORKSPACE):
        pytest.skip("not about anything in a workspace")
    objects = make(people, row)
    stored, before = files(people), changes.count
    answer = ask(people, FOREIGN, row, objects)
    missing = ask(people, FOREIGN, row, MISSING)
    assert changes.count == before, "something changed"
    assert files(people) == stored
    assert answer.status_code == missing.status_code
    assert without_ids(answer.text, objects) == without_ids(missing.text, MISSING)
    if answer.status_code == 200:
        assert objects.run not in answer.text
        assert not objects.name or objects.name not in answer.text
    else:
        assert answer.status_code in {403, 404}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.values[0].kind in {Kind.READ, Kind.EDIT, Kind.MANAGE}],  # type: ignore[union-attr]
)
def test_an_administrator_finds_what_is_there_in_its_own_workspace_only(people: Site, row: Row) -> None:
    objects = make(people, row)
    here, elsewhere = ask(people, "admin", row, objects, OTHER), ask(people, "admin", row, MISSING, OTHER)
    assert here.status_code == elsewhere.status_code
    assert without_ids(here.text, objects) == without_ids(elsewhere.text, MISSING)


def test_every_password_of_the_people_is_long_enough() -> None:
    assert len(PASSWORD.format("x")) >= 12
