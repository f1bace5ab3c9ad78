"""Rights where services are processes of their own: a change counts at the next request to any of them."""

import base64
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fixtures.backing_services import redis_database
from tests.fixtures.databases import migrated_postgres_database
from tests.integration.access.conftest import MLFLOW, OWN, PASSWORD, Browser, Site
from trackhelm_core.errors import ApiError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.settings import AuthSettings, RedisSettings, StorageSettings
from trackhelm_domain.access.logins import NAME_FAILURES
from trackhelm_domain.access.shared_logins import SharedFailedLogins
from trackhelm_embedded.app import embedded_app

METRIC: dict[str, Any] = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}


@pytest.fixture(scope="module")
def processes(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, redis_server: str
) -> Iterator[list[Site]]:
    """Yield three servers over one database and one Redis, as processes of their own would be."""
    folder = tmp_path_factory.mktemp("processes")
    password = folder / "password"
    password.write_text(PASSWORD.format("admin"), encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=password)
    storage = StorageSettings(data=folder / "data", database_url=migrated_postgres_database(postgres_server))
    with redis_database(redis_server) as url, ExitStack() as running:
        sites = []
        for _ in range(3):
            app = embedded_app(storage, RedisSettings(redis_url=url), auth=auth)
            client = running.enter_context(
                TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1")
            )
            sites.append(Site(client, app.state.runtime, Path(folder)))
        yield sites


def redis_of(processes: list[Site]) -> RedisConnection:
    redis = processes[0].runtime.redis
    assert redis is not None
    return redis


def new_run(site: Site) -> tuple[str, str]:
    experiment = site.post("admin", "experiments/create", name=uuid.uuid4().hex)["experiment_id"]
    return experiment, site.post("admin", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]


@pytest.mark.parametrize("other_logs_between", [False, True])
def test_the_first_append_after_a_revocation_is_refused_in_every_process(
    processes: list[Site],
    other_logs_between: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    identity, *ingests = processes
    experiment, run = new_run(identity)
    name, other = identity.new_user(), identity.new_user(role="editor")
    message = {"experiment_id": experiment, "username": name}
    identity.post("admin", "experiments/permissions/create", permission="EDIT", **message)
    for ingest in ingests:
        for _ in range(3):
            ingest.post(name, "runs/log-metric", run_id=run, **METRIC)
            ingest.post(other, "runs/log-metric", run_id=run, **METRIC)
    answer = identity.send("admin", "DELETE", "experiments/permissions/delete", json=message)
    assert answer.status_code == 200
    for ingest in ingests:
        if other_logs_between:
            # By which this process learns that something has changed, and not what.
            ingest.post(other, "runs/log-metric", run_id=run, **METRIC)
        ingest.post(name, "runs/log-metric", 404, run_id=run, **METRIC)
        ingest.post(other, "runs/log-metric", run_id=run, **METRIC)
    identity.post("admin", "experiments/permissions/create", permission="EDIT", **message)
    for ingest in ingests:
        ingest.post(name, "runs/log-metric", run_id=run, **METRIC)


def test_a_revoked_token_appends_nothing_more(processes: list[Site]) -> None:
    identity, *ingests = processes
    _, run = new_run(identity)
    owner = identity.new_user(role="editor")
    token = identity.new_token(owner, scopes=["write"])
    for ingest in ingests:
        ingest.tokens["bearer"] = token
        ingest.post("bearer", "runs/log-metric", run_id=run, **METRIC)
    identity.post(owner, f"{OWN}/tokens/revoke", token=token)
    for ingest in ingests:
        ingest.post("bearer", "runs/log-metric", 401, run_id=run, **METRIC)


def test_what_was_just_created_is_found_by_the_other_processes(processes: list[Site]) -> None:
    identity, ingest, query = processes
    member = identity.new_user(role="member")
    # Each process remembers the member from before.
    for site in (ingest, query):
        site.post(member, "experiments/search", max_results=1)
    experiment = ingest.post(member, "experiments/create", name=uuid.uuid4().hex)["experiment_id"]
    assert query.get(member, "experiments/get", experiment_id=experiment)["experiment"]
    run = query.post(member, "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    ingest.post(member, "runs/log-metric", run_id=run, **METRIC)
    query.post(member, "experiments/delete", experiment_id=experiment)


def test_a_session_counts_and_ends_in_every_process(processes: list[Site]) -> None:
    identity = processes[0]
    _, run = new_run(identity)
    browser = Browser(identity.client, identity.new_user(role="editor"))
    everywhere = [Browser(site.client, browser.name, cookie=browser.cookie) for site in processes]

    def statuses() -> set[int]:
        message = {"run_id": run, **METRIC}
        logged = {each.send("POST", "runs/log-metric", json=message).status_code for each in everywhere}
        return logged | {each.status() for each in everywhere}

    assert statuses() == {200}
    assert browser.send("POST", f"{OWN}/sessions/end", json={}).status_code == 200
    assert statuses() == {401}
    # Rights that change do so in sessions, too.
    browser.log_in(PASSWORD.format(browser.name))
    for each in everywhere:
        each.cookie = browser.cookie
    assert statuses() == {200}
    answer = identity.send("admin", "DELETE", "users/delete", json={"username": browser.name})
    assert answer.status_code == 200
    assert statuses() == {401}


def test_failed_logins_are_counted_by_all_processes_together(processes: list[Site]) -> None:
    name = processes[0].new_user()
    wrong = {"Authorization": "Basic " + base64.b64encode(f"{name}:a wrong password".encode()).decode()}

    def status(number: int) -> int:
        answer = processes[number % 3].client.get(f"{MLFLOW}/users/current", headers=wrong)
        return int(answer.status_code)

    assert [status(number) for number in range(NAME_FAILURES)] == [401] * NAME_FAILURES
    assert [status(number) for number in range(3)] == [429] * 3
    # The address of the tests is free again for those that come after this one.
    redis = redis_of(processes)
    counted = redis.client.keys("{trackhelm}:failed-logins:*")
    assert len(counted) == 3
    redis.client.delete(*counted)


def test_guesses_at_the_same_time_are_counted_by_all_processes_together(processes: list[Site]) -> None:
    redis = redis_of(processes)
    each = [SharedFailedLogins(redis.client) for _ in range(3)]
    together = Barrier(30)

    def guess(number: int) -> bool:
        together.wait(timeout=60)
        try:
            with each[number % 3].attempt("ada", "10.9.0.1") as attempt:
                attempt.fail()
        except ApiError:
            return False
        return True

    for _ in range(2 * NAME_FAILURES):
        with each[0].attempt("ada", "10.9.0.1"):
            pass  # Who was right is forgotten.
    with ThreadPoolExecutor(30) as threads:
        assert sum(threads.map(guess, range(30))) == NAME_FAILURES
    # What is given back after its window does not stay as a number without an end.
    with each[0].attempt("bob", "10.9.0.2"):
        redis.client.delete(*redis.client.keys("{trackhelm}:failed-logins:*"))
    assert redis.client.keys("{trackhelm}:failed-logins:*") == []


@pytest.mark.parametrize("how", ["role", "disabled", "token"])
def test_what_needs_a_role_and_no_object_is_refused_at_once_in_every_process(
    processes: list[Site], how: str
) -> None:
    identity, *others = processes
    manager = who = identity.new_user(role="manager")
    if how == "token":
        who = f"token-{manager}"
        token = identity.new_token(manager, scopes=["read", "write", "registry", "manage"])
        for site in processes:
            site.tokens[who] = token

    def statuses() -> set[int]:
        found = set()
        for site in others:
            for method, path, message in (
                ("GET", "webhooks", {}),
                ("GET", f"{OWN}/audit/events", {}),
                ("POST", "experiments/create", {"name": uuid.uuid4().hex}),
                ("POST", "registered-models/create", {"name": uuid.uuid4().hex}),
                ("GET", "users/current", {}),
            ):
                sent: dict[str, Any] = {"params": message} if method == "GET" else {"json": message}
                found.add(site.send(who, method, path, **sent).status_code)
        return found

    assert statuses() == {200}
    match how:
        case "role":
            params = {"workspace": "default"}
            roles = identity.send("admin", "GET", "/api/3.0/mlflow/roles/list", params=params).json()["roles"]
            number = next(each["id"] for each in roles if each["name"] == "manager")
            taken = {"username": manager, "role_id": number}
            answer = identity.send("admin", "DELETE", "/api/3.0/mlflow/roles/unassign", json=taken)
            assert answer.status_code == 200, answer.text
            # One may still ask who one is.
            assert statuses() == {200, 403}
        case "disabled":
            assert (
                identity.send("admin", "DELETE", "users/delete", json={"username": manager}).status_code
                == 200
            )
            assert statuses() == {401}
        case "token":
            identity.post(manager, f"{OWN}/tokens/revoke", token=token)
            assert statuses() == {401}


def test_a_workspace_of_the_name_of_one_that_was_just_deleted_is_another_one_in_every_process(
    processes: list[Site],
) -> None:
    identity, *others = processes
    team = f"team-{uuid.uuid4().hex[:8]}"
    workspaces = "/api/3.0/mlflow/workspaces"
    identity.post("admin", workspaces, 201, name=team)
    experiment = identity.post("admin", "experiments/create", workspace=team, name="e")["experiment_id"]
    run = identity.post("admin", "runs/create", workspace=team, experiment_id=experiment)["run"]["info"]
    file = f"{MLFLOW}-artifacts/artifacts/{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}/a.txt"
    assert identity.send("admin", "PUT", file, workspace=team, content=b"old").status_code == 200
    identity.post("admin", "registered-models/create", workspace=team, name="m")
    for site in others:
        assert site.send("admin", "GET", file, workspace=team).content == b"old"
    answer = identity.send("admin", "DELETE", f"{workspaces}/{team}", params={"mode": "CASCADE"})
    assert answer.status_code == 204
    identity.post("admin", workspaces, 201, name=team)
    for site in others:
        # Who asks while its process knows the old one is to ask again, and then finds the new one.
        answer = site.send("admin", "GET", file, workspace=team)
        assert (answer.status_code, b"old" in answer.content) == (503, False)
        assert answer.headers["retry-after"] == "1"
        assert site.send("admin", "GET", file, workspace=team).status_code == 404
        site.get("admin", "runs/get", 404, workspace=team, run_id=run["run_id"])
        site.get("admin", "registered-models/get", 404, workspace=team, name="m")
        found = site.post("admin", "experiments/search", workspace=team, max_results=9, view_type="ALL")
        assert experiment not in {each["experiment_id"] for each in found.get("experiments", [])}
        site.post("admin", "runs/log-metric", 404, workspace=team, run_id=run["run_id"], **METRIC)
        site.post("admin", "experiments/create", workspace=team, name=uuid.uuid4().hex)
