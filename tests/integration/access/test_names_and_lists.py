"""Names that are hidden, lists of what may be read, and rights that are the same in Python and in SQL."""

import uuid
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.integration.access.conftest import MLFLOW_3, OTHER, OWN, Site
from trackhelm_core.access import Access, Level, Principal, Rights, reset_access, set_access
from trackhelm_domain.access.checks import readable_experiments, readable_models
from trackhelm_domain.tables import Experiment, RegisteredModel


def unique() -> str:
    return f"new-{uuid.uuid4().hex}"


def grant(site: Site, who: str, experiment: str, permission: str = "READ") -> None:
    site.post(
        "admin",
        "experiments/permissions/create",
        experiment_id=experiment,
        username=who,
        permission=permission,
    )


def test_a_name_is_hidden_by_a_refusal_because_who_creates_it_learns_that_it_is_taken(site: Site) -> None:
    name, reader, member = unique(), site.new_user(), site.new_user(role="member")
    experiment = site.post("admin", "experiments/create", name=name)["experiment_id"]
    # Who creates none learns nothing, in this workspace or from another one.
    for who in (reader, site.new_user(role="manager", workspace=OTHER)):
        texts = {
            site.get(who, "experiments/get-by-name", 404, experiment_name=each)["message"].replace(each, "…")
            for each in (name, unique())
        }
        assert len(texts) == 1
    grant(site, reader, experiment)
    assert site.get(reader, "experiments/get-by-name", experiment_name=name)["experiment"]["name"] == name
    grant(site, member, experiment, "DENY")
    refusal = site.get(member, "experiments/get-by-name", 403, experiment_name=name)
    assert refusal["error_code"] == "PERMISSION_DENIED"
    site.get(member, "experiments/get", 404, experiment_id=experiment)


def test_who_asks_what_they_may_do_does_not_learn_what_there_is(site: Site) -> None:
    name, experiment = unique(), site.post("admin", "experiments/create", name=unique())["experiment_id"]
    site.post("admin", "registered-models/create", name=name)
    reader = site.new_user()
    grant(site, reader, site.post("admin", "experiments/create", name=unique())["experiment_id"])
    denied = site.new_user(role="member")
    grant(site, denied, experiment, "DENY")
    path = f"{MLFLOW_3}/users/permissions/get"
    for who, kind, there, missing in (
        (reader, "registered_model", name, unique()),
        (reader, "prompt", name, unique()),
        (reader, "experiment", experiment, "4242424242"),
        (denied, "experiment", experiment, "4242424242"),
        (site.new_user(role="manager", workspace=OTHER), "registered_model", name, unique()),
    ):
        texts = {
            site.get(who, path, 404, username=who, resource_type=kind, resource_id=each)["message"].replace(
                each, "…"
            )
            for each in (there, missing)
        }
        assert len(texts) == 1
    asked = {"username": denied, "resource_type": "experiment", "resource_id": experiment}
    assert site.get("admin", path, **asked) == {"allowed": False, "permission": "NO_PERMISSIONS"}


def test_what_happens_to_a_role_is_told_to_the_managers_of_its_workspace(site: Site) -> None:
    manager, other = site.new_user(role="manager"), site.new_user(role="manager", workspace=OTHER)
    # The requests are about the workspace `default`, as those of clients without workspaces are.
    roles = f"{MLFLOW_3}/roles"
    made = site.send(other, "POST", f"{roles}/create", json={"name": unique(), "workspace": OTHER})
    role = made.json()["role"]["id"]
    kind = {"resource_type": "experiment", "resource_pattern": "*"}
    added = site.post(other, f"{roles}/permissions/add", role_id=role, permission="READ", **kind)
    number = added["role_permission"]["id"]
    site.post(other, f"{roles}/assign", username=other, role_id=role)
    for method, path, message in (
        ("PATCH", "permissions/update", {"role_permission_id": number, "permission": "EDIT"}),
        ("DELETE", "unassign", {"username": other, "role_id": role}),
        ("DELETE", "permissions/remove", {"role_permission_id": number}),
        ("PATCH", "update", {"role_id": role, "description": "d"}),
        ("DELETE", "delete", {"role_id": role}),
    ):
        answer = site.send(other, method, f"{roles}/{path}", json=message)
        assert answer.status_code == 200, answer.text
    events = site.get(other, f"{OWN}/audit/events", workspace=OTHER, actor=other)["events"]
    assert [event["action"] for event in reversed(events)] == [
        *("created", "granted", "granted", "granted", "revoked", "revoked", "updated", "deleted")
    ]
    assert "events" not in site.get(manager, f"{OWN}/audit/events", actor=other)


def test_lists_are_full_pages_of_what_may_be_read_and_tokens_are_for_their_reader(site: Site) -> None:
    reader = site.new_user()
    made = [site.post("admin", "experiments/create", name=unique())["experiment_id"] for _ in range(30)]
    readable = made[3], made[17], made[28]
    for experiment in readable:
        grant(site, reader, experiment)
    page = site.post(reader, "experiments/search", max_results=3)
    assert {each["experiment_id"] for each in page["experiments"]} == set(readable)
    assert "next_page_token" not in page
    page = site.post("admin", "experiments/search", max_results=3)
    refusal = site.post(reader, "experiments/search", 400, max_results=3, page_token=page["next_page_token"])
    assert refusal["error_code"] == "INVALID_PARAMETER_VALUE"
    runs = [site.post("admin", "runs/create", experiment_id=each)["run"]["info"]["run_id"] for each in made]
    found = site.post(reader, "runs/search", experiment_ids=made, max_results=3)["runs"]
    assert {each["info"]["run_id"] for each in found} == {runs[3], runs[17], runs[28]}
    # What is hidden does not even decide the order.
    ordered = site.post(reader, "runs/search", experiment_ids=made, order_by=["metrics.secret DESC"])
    assert len(ordered["runs"]) == 3


def test_who_manages_something_learns_who_may_do_what_with_it(site: Site) -> None:
    name, maker, reader = unique(), site.new_user(role="member"), site.new_user()
    experiment = site.post(maker, "experiments/create", name=name)["experiment_id"]
    site.post(maker, "registered-models/create", name=name)
    grant(site, reader, experiment)

    def listed(who: str, expected: int = 200, /, **of: str) -> dict[str, Any]:
        return site.get(who, f"{OWN}/grants/list", expected, **of)

    found = listed(maker, experiment_id=experiment)
    users = {each["username"]: each["permission"] for each in found["users"]}
    assert users == {maker: "MANAGE", reader: "READ"}
    roles = {each["role_name"]: each["permission"] for each in found["roles"]}
    assert (
        roles.items() >= {"viewer": "READ", "member": "READ", "editor": "EDIT", "manager": "MANAGE"}.items()
    )
    assert [each["username"] for each in listed(maker, model_name=name)["users"]] == [maker]
    listed(reader, 403, experiment_id=experiment)
    listed(site.new_user(), 404, experiment_id=experiment)
    for wrong in ({}, {"experiment_id": experiment, "model_name": name}):
        assert "either experiment_id or model_name" in listed(maker, 400, **wrong)["message"]


def test_the_same_name_may_be_in_two_workspaces_and_each_sees_its_own(site: Site) -> None:
    name = unique()
    here = site.post("admin", "experiments/create", name=name)["experiment_id"]
    there = site.post("admin", "experiments/create", workspace=OTHER, name=name)["experiment_id"]
    assert here != there
    found = site.get("admin", "experiments/get-by-name", workspace=OTHER, experiment_name=name)
    assert found["experiment"]["experiment_id"] == there
    assert found["experiment"]["artifact_location"] == f"mlflow-artifacts:/workspaces/{OTHER}/{there}"
    for workspace, text in ((None, "here"), (OTHER, "there")):
        site.post("admin", "registered-models/create", workspace=workspace, name=name, description=text)
        model = site.get("admin", "registered-models/get", workspace=workspace, name=name)
        assert model["registered_model"]["description"] == text
    site.post("admin", "experiments/create", 400, name=name)


def test_a_link_without_a_header_names_its_workspace_in_its_address(site: Site) -> None:
    created = site.post("admin", "experiments/create", workspace=OTHER, name=unique())
    experiment = created["experiment_id"]
    run = site.post("admin", "runs/create", workspace=OTHER, experiment_id=experiment)["run"]["info"]
    path = f"{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}/a.txt"
    put = site.send(
        "admin", "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", workspace=OTHER, content=b"text"
    )
    assert put.status_code == 200, put.text
    asked = {"run_id": run["run_id"], "path": "a.txt"}
    assert site.send("admin", "GET", "/get-artifact", params=asked).status_code == 404
    link = asked | {"X-MLFLOW-WORKSPACE": OTHER}
    assert site.send("admin", "GET", "/get-artifact", params=link).content == b"text"
    assert site.send(site.new_user(), "GET", "/get-artifact", params=link).status_code == 404
    # A header says more than the address.
    elsewhere = site.send("admin", "GET", "/get-artifact", params=link, workspace="default")
    assert elsewhere.status_code == 404
    archive = {"run_id": run["run_id"], "X-MLFLOW-WORKSPACE": OTHER}
    assert site.send("admin", "GET", f"{OWN}/artifacts/archive", params=archive).status_code == 200


def test_who_creates_something_manages_it_and_a_later_user_of_that_name_does_not(site: Site) -> None:
    member, name = site.new_user(role="member"), unique()
    site.post(member, "registered-models/create", name=name)
    experiment = site.post(member, "experiments/create", name=name)["experiment_id"]
    site.post(member, "experiments/set-experiment-tag", experiment_id=experiment, key="k", value="v")
    answer = site.send(member, "DELETE", "registered-models/delete", json={"name": name})
    assert answer.status_code == 200
    site.post("admin", "registered-models/create", name=name)
    answer = site.send(member, "DELETE", "registered-models/delete", json={"name": name})
    assert answer.status_code == 403
    # So of a user.
    site.send("admin", "DELETE", "users/delete", json={"username": member})
    site.new_user(member)
    site.post(member, "experiments/delete", 404, experiment_id=experiment)


def test_a_manager_of_one_workspace_is_nothing_in_another(site: Site) -> None:
    manager = site.new_user(role="manager", workspace=OTHER)
    site.post(manager, "experiments/create", 403, name=unique())
    site.post(manager, "experiments/create", workspace=OTHER, name=unique())
    names = [each["name"] for each in site.get(manager, f"{MLFLOW_3}/workspaces")["workspaces"]]
    assert names == [OTHER]
    site.get(manager, f"{MLFLOW_3}/workspaces/default", 404)
    # No header, and so `default`: as an unknown workspace.
    for unknown in ("default", "no-such-workspace"):
        refusal = site.get(manager, "experiments/get", 404, workspace=unknown, experiment_id="0")
        assert refusal["message"] == f"Workspace '{unknown}' not found"
    roles = site.send("admin", "GET", f"{MLFLOW_3}/roles/list", params={"workspace": "default"}).json()
    for role in roles["roles"]:
        site.post(manager, f"{MLFLOW_3}/roles/assign", 404, username=manager, role_id=role["id"])


def test_a_token_that_is_confined_to_a_workspace_needs_no_header(site: Site) -> None:
    manager = site.new_user(role="manager", workspace=OTHER)
    site.tokens["confined"] = site.new_token(manager, scopes=["manage"], workspace=OTHER)
    name = unique()
    experiment = site.post("confined", "experiments/create", name=name)["experiment_id"]
    site.get("admin", "experiments/get", 404, experiment_id=experiment)
    site.get("admin", "experiments/get", workspace=OTHER, experiment_id=experiment)
    site.get("confined", "experiments/get", 404, workspace="default", experiment_id="0")


@pytest.mark.parametrize("scope", ["read", "write", "registry", "manage"])
def test_scopes_narrow_what_an_owner_may_do(site: Site, scope: str) -> None:
    owner = site.new_user(role="manager")
    who = f"token-{uuid.uuid4().hex}"
    site.tokens[who] = site.new_token(owner, scopes=[scope])
    experiment = site.post(owner, "experiments/create", name=unique())["experiment_id"]
    name = unique()
    site.post(owner, "registered-models/create", name=name)
    site.get(who, "experiments/get", experiment_id=experiment)
    may_write, may_register = scope in {"write", "manage"}, scope in {"registry", "manage"}
    site.post(who, "runs/create", 200 if may_write else 403, experiment_id=experiment)
    message = {"name": name, "key": "k", "value": "v"}
    site.post(who, "registered-models/set-tag", 200 if may_register else 403, **message)
    site.post(who, "experiments/delete", 200 if scope == "manage" else 403, experiment_id=experiment)
    for path, made in (
        (f"{OWN}/tokens/create", {"name": "t"}),
        ("users/create", {"username": "u", "password": "x" * 12}),
    ):
        assert site.send(who, "POST", path, json=made).status_code == 403


def test_a_token_of_one_experiment_sees_nothing_else(site: Site) -> None:
    owner = site.new_user(role="manager")
    made = [site.post(owner, "experiments/create", name=unique())["experiment_id"] for _ in range(2)]
    site.tokens["single"] = site.new_token(owner, scopes=["write"], experiment_id=made[0])
    site.post("single", "runs/create", experiment_id=made[0])
    site.post("single", "runs/create", 404, experiment_id=made[1])
    assert len(site.post("single", "experiments/search", max_results=100)["experiments"]) == 1
    site.post("single", "experiments/create", 403, name=unique())
    site.post("single", "registered-models/create", 403, name=unique())


LEVELS = st.sampled_from([Level.DENY, Level.READ, Level.USE, Level.EDIT, Level.MANAGE])


ASKED = st.tuples(
    st.sampled_from([Level.NONE, Level.USE, Level.MANAGE]),
    st.sampled_from([Level.NONE, Level.READ, Level.EDIT]),
    st.sampled_from([Level.NONE, Level.READ, Level.MANAGE]),
    st.dictionaries(st.integers(0, 7), LEVELS, max_size=6),
)
"""Levels on the workspace and on all of a kind, the ceiling of a token, and levels of some things."""


@given(asked=ASKED)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_sql_finds_is_what_the_rights_allow(
    site: Site, made: tuple[list[int], list[int]], asked: tuple[Level, Level, Level, dict[int, Level]]
) -> None:
    experiments, models = made
    workspace, every, ceiling, own = asked
    rights = Rights(
        workspace=workspace,
        all_experiments=every,
        all_models=every,
        experiments=MappingProxyType({experiments[at]: level for at, level in own.items()}),
        models=MappingProxyType({models[at]: level for at, level in own.items()}),
        experiment_ceiling=ceiling,
        model_ceiling=ceiling,
    )
    principal = Principal(7, "somebody", rights=MappingProxyType({1: rights}))
    token = set_access(Access(principal))
    try:
        with site.runtime.database.reading() as session:
            tables: tuple[tuple[Any, Any, Any, list[int]], ...] = (
                (Experiment, readable_experiments(session), rights.on_experiment, experiments),
                (RegisteredModel, readable_models(session), rights.on_model, models),
            )
            for table, condition, level_of, ids in tables:
                statement = select(table.id).where(condition, table.id.in_(ids))
                found = set(session.scalars(statement))
                assert found == {each for each in ids if level_of(each) >= Level.READ}
    finally:
        reset_access(token)


@pytest.fixture(scope="module")
def made(site: Site) -> tuple[list[int], list[int]]:
    """Return the row ids of eight experiments and of eight registered models."""
    experiments = [
        int(site.post("admin", "experiments/create", name=unique())["experiment_id"]) for _ in range(8)
    ]
    names = [unique() for _ in range(8)]
    for name in names:
        site.post("admin", "registered-models/create", name=name)
    with site.runtime.database.reading() as session:
        models = list(
            session.scalars(
                select(RegisteredModel.id).where(RegisteredModel.name.in_(names)).order_by(RegisteredModel.id)
            )
        )
    return experiments, models
