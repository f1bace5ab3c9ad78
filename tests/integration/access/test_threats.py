"""Threats: what somebody tries who may do little, or nothing; each is tried as an attacker would."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import pytest
from prometheus_client import generate_latest
from sqlalchemy import select

from tests.fixtures.databases import lay_migrated_sqlite_database
from tests.fixtures.waiting import wait_until
from tests.integration.access.conftest import MLFLOW, MLFLOW_3, OTHER, OWN, Browser, Site, collected
from tests.integration.access.test_logins import basic, served
from tests.integration.access.test_names_and_lists import grant, unique
from trackhelm_core.settings import AuthSettings
from trackhelm_domain.access.logins import FailedLogins
from trackhelm_domain.tables import AccessGrant, Account, AuditEvent, AuthEvent, RegisteredModel

METRIC: dict[str, Any] = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}


def new_run(site: Site, who: str = "admin", **message: Any) -> tuple[str, str]:
    """Return a new experiment and a run of it."""
    experiment = site.post(who, "experiments/create", name=unique(), **message)["experiment_id"]
    return experiment, site.post(who, "runs/create", experiment_id=experiment, **message)["run"]["info"][
        "run_id"
    ]


def at_once(*requests: Callable[[], Any]) -> list[int]:
    """Send requests at the same moment, and return the statuses of the answers."""
    together = threading.Barrier(len(requests))

    def send(request: Callable[[], Any]) -> int:
        together.wait(timeout=60)
        return int(request().status_code)

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(send, requests))


# Another spelling of an id, or two of them.


def test_no_spelling_of_an_id_is_another_thing_to_the_check_than_to_the_answer(site: Site) -> None:
    experiment, run = new_run(site)
    own, mine = new_run(site)
    reader = site.new_user()
    grant(site, reader, own, "EDIT")
    for spelling in ("0{}", "+{}", " {}", "{}.0", "{}\0", "{} "):
        asked = {"experiment_id": spelling.format(experiment)}
        answer = site.send(reader, "GET", "experiments/get", params=asked)
        assert answer.status_code in {400, 404}, f"{spelling!r}: {answer.text}"
    for name in ("run_id", "run_uuid", "runId"):
        for spelling in (run, run.upper(), f"{run} "):
            answer = site.send(reader, "GET", "runs/get", params={name: spelling})
            assert answer.status_code in {400, 404}, f"{name}={spelling!r}: {answer.text}"
    tag = {"key": "k", "value": "stolen"}
    pairs: tuple[tuple[str, dict[str, Any]], ...] = (
        ("runs/set-tag", tag),
        ("runs/log-metric", METRIC),
        ("runs/log-parameter", tag),
        ("runs/log-batch", {"metrics": [METRIC], "tags": [tag]}),
        ("runs/update", {"run_name": "stolen"}),
    )
    for path, message in pairs:
        for both in (
            {"run_id": mine, "run_uuid": run},
            {"run_uuid": run, "run_id": mine},
            {"runId": run, "run_id": mine},
        ):
            site.send(reader, "POST", path, json={**both, **message})
            # A body beside an address, of which each could be the one that is checked.
            address = f"{path}?run_id={mine}"
            answer = site.send(reader, "POST", address, json={"run_id": run, **message})
            assert answer.status_code in {400, 404}, f"{address}: {answer.text}"
        twice = f'{{"run_id": "{mine}", "run_id": "{run}", "key": "k", "value": "stolen"}}'
        headers = {"Content-Type": "application/json"}
        site.send(reader, "POST", "runs/set-tag", content=twice, headers=headers)
    found = site.get("admin", "runs/get", run_id=run)["run"]
    assert "stolen" not in str(found)
    assert not found["data"].get("metrics")
    answer = site.send(reader, "GET", f"runs/get?run_id={mine}&run_id={run}")
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("path", ["runs/get", "experiments/get", "registered-models/get"])
def test_what_may_not_be_read_costs_as_many_statements_as_what_is_not_there(site: Site, path: str) -> None:
    experiment, run = new_run(site)
    name = unique()
    site.post("admin", "registered-models/create", name=name)
    parameter, hidden, missing = {
        "runs/get": ("run_id", run, uuid.uuid4().hex),
        "experiments/get": ("experiment_id", experiment, "99999999"),
        "registered-models/get": ("name", name, unique()),
    }[path]
    reader = site.new_user()
    grant(site, reader, new_run(site)[0])

    def cost(value: str) -> list[str]:
        with collected(site) as found:
            site.get(reader, path, 404, **{parameter: value})
        # What is there is compared with the rights: that these are the newest is asked then, which is one
        # row of one column.
        return [each for each in found if "auth_event" not in each and "FROM access_epoch" not in each]

    cost(hidden)  # What is remembered of it is, from now on.
    assert cost(hidden) == cost(missing)


# More rights than were given.


def test_nobody_gives_themselves_more(site: Site) -> None:
    experiment, _ = new_run(site)
    editor = site.new_user(role="editor")
    manager = site.new_user(role="manager", workspace=OTHER)
    mine = {"username": editor, "permission": "MANAGE"}
    site.post(editor, "experiments/permissions/create", 403, experiment_id=experiment, **mine)
    granted = {"resource_type": "experiment", "resource_id": "*"} | mine
    site.post(editor, f"{MLFLOW_3}/users/permissions/grant", 403, **granted)
    site.post(editor, "users/create", 403, username=unique(), password="a long password")
    admin = {"username": editor, "is_admin": True}
    assert site.send(editor, "PATCH", "users/update-admin", json=admin).status_code == 403
    # The names of the hidden roles that MLflow's server has for single users.
    for name in ("__user_1__", "__user_x"):
        for who, workspace in (("admin", "default"), (manager, OTHER)):
            made = {"workspace": workspace, "name": name}
            answer = site.send(who, "POST", f"{MLFLOW_3}/roles/create", json=made, workspace=workspace)
            assert answer.status_code == 400, answer.text


@pytest.mark.over("sqlite", "postgresql")
def test_grants_on_a_model_that_is_deleted_meanwhile_are_not_of_the_next_of_its_name(site: Site) -> None:
    user = site.new_user()
    for _ in range(5):
        name = unique()
        site.post("admin", "registered-models/create", name=name)
        given = {"name": name, "username": user, "permission": "MANAGE"}
        statuses = at_once(
            partial(site.send, "admin", "POST", "registered-models/permissions/create", json=given),
            partial(site.send, "admin", "DELETE", "registered-models/delete", json={"name": name}),
        )
        assert statuses[0] in {200, 404}
        assert statuses[1] == 200
        site.post("admin", "registered-models/create", name=name)
        site.get(user, "registered-models/get", 404, name=name)
    with site.runtime.database.reading() as session:
        ids = select(RegisteredModel.id)
        lost = select(AccessGrant.id).where(
            AccessGrant.registered_model_id.is_not(None), AccessGrant.registered_model_id.not_in(ids)
        )
        assert not session.scalars(lost).all()


def test_of_many_who_create_a_name_at_once_one_owns_it(site: Site) -> None:
    members = [site.new_user(role="member") for _ in range(6)]
    for who in members:
        site.get(who, "users/current")
    for path in ("experiments/create", "registered-models/create"):
        name = unique()
        statuses = at_once(*(partial(site.send, who, "POST", path, json={"name": name}) for who in members))
        assert Counter(statuses) == {200: 1, 400: len(members) - 1}
        winner = members[statuses.index(200)]
        kind = AccessGrant.experiment_id if path.startswith("exp") else AccessGrant.registered_model_id
        with site.runtime.database.reading() as session:
            newest = select(Account.name).join(AccessGrant, AccessGrant.account_id == Account.id)
            owner = session.scalars(newest.where(kind.is_not(None)).order_by(AccessGrant.id.desc())).first()
        assert owner == winner


def test_two_first_administrators_at_once_are_one(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("the first password", encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=file)
    lay_migrated_sqlite_database(tmp_path / "data" / "trackhelm.db")
    together = threading.Barrier(3)

    def start(_: int) -> dict[str, Any]:
        together.wait(timeout=60)
        with served(tmp_path / "data", auth) as client:
            answer = client.get(f"{MLFLOW}/users/current", headers=basic("admin", "the first password"))
            user: dict[str, Any] = answer.json()["user"]
            return user

    with ThreadPoolExecutor(3) as threads:
        users = list(threads.map(start, range(3)))
    assert users[0]["is_admin"]
    assert {user["id"] for user in users} == {users[0]["id"]}


# Load.


def test_while_too_many_passwords_wait_others_go_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, run = new_run(site)
    editor = site.new_user()
    grant(site, editor, experiment, "EDIT")
    site.tokens["at work"] = site.new_token(editor)
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr("trackhelm_domain.access.passwords._queue", full)
    late = site.send(None, "GET", "users/current", headers=basic("somebody", "a password"))
    assert late.status_code == 503
    assert int(late.headers["retry-after"]) >= 1
    for step in range(3):
        site.post("at work", "runs/log-metric", run_id=run, **METRIC | {"step": step})
    # What could not be checked is no failed login.
    full.release()
    for _ in range(2):
        wrong = site.send(None, "GET", "users/current", headers=basic(editor, "wrong password"))
        assert wrong.status_code == 401


def test_a_workspace_that_floods_slows_no_other(site: Site) -> None:
    name = f"flood-{uuid.uuid4().hex[:8]}"
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=name)
    flooder = site.new_user(role="editor", workspace=name)
    _, flooded = new_run(site, workspace=name)
    quiet = site.new_user(role="editor")
    _, run = new_run(site)
    site.post("admin", f"{OWN}/workspaces/quotas", workspace=name, points_per_second=1, points_burst=1)
    site.post(flooder, "runs/log-metric", workspace=name, run_id=flooded, **METRIC)
    steps = count()

    def log() -> float:
        began = perf_counter()
        site.post(quiet, "runs/log-metric", run_id=run, **METRIC | {"step": next(steps)})
        return perf_counter() - began

    log()
    alone = [log() for _ in range(60)]
    stop = threading.Event()
    refused: Counter[int] = Counter()

    def flood(number: int) -> None:
        batch = {"run_id": flooded, "metrics": [METRIC | {"step": step} for step in range(500)]}
        while not stop.is_set():
            refused[site.send(flooder, "POST", "runs/log-batch", workspace=name, json=batch).status_code] += 1

    with ThreadPoolExecutor(4) as threads:
        floods = [threads.submit(flood, number) for number in range(4)]
        wait_until(lambda: refused[429] > 4)
        during = [log() for _ in range(60)]
        stop.set()
    for each in floods:
        each.result()
    assert refused[429] > refused[200]
    # They share the cores with the flood itself. Who waited for the quota of others would wait for seconds.
    assert quantiles(during, n=100)[-1] < max(0.5, 10 * quantiles(alone, n=100)[-1])
    site.post("admin", f"{OWN}/workspaces/quotas", workspace=name)


# Secrets.


def test_no_secret_is_in_a_log_an_answer_the_audit_trail_or_a_number(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    app: Any = site.client.app
    name = f"user-{uuid.uuid4().hex[:8]}"
    password, mistyped = f"canary {uuid.uuid4().hex}", f"mistyped {uuid.uuid4().hex}"
    forged = f"thp_{uuid.uuid4().hex}1234"
    answers: list[Any] = []

    def send(method: str, path: str, **sent: Any) -> Any:
        answer = site.send(None, method, path, **sent)
        answers.append(answer)
        return answer

    site.post("admin", "users/create", username=name, password=password)
    # Passwords and tokens, right and wrong, to what works, what is refused and what is not there.
    own = basic(name, password)
    token = site.send(None, "POST", f"{OWN}/tokens/create", json={"name": "t"}, headers=own).json()["token"]
    for headers in (
        own,
        basic(name, mistyped),
        basic(mistyped, "x" * 12),
        basic("nobody", password),
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {forged}"},
        {"Authorization": f"Bearer {token}x"},
        {"Authorization": f"Basic {token}"},
        {"Authorization": f"Digest {token}"},
        {"Cookie": f"trackhelm={forged}"},
    ):
        for path in ("users/current", "experiments/get?experiment_id=999999", "no/such/path"):
            send("GET", path, headers=headers)
        send(
            "POST", "experiments/create", content=b"{", headers=headers | {"Content-Type": "application/json"}
        )
        send("POST", f"{OWN}/tokens/revoke", json={"id": 1}, headers=headers)
    app.state.door.failed = FailedLogins()
    # In bodies, of the right form and of none.
    other = site.new_user()
    for body in (
        {"username": other, "password": mistyped, "current_password": password},
        {"username": other, "password": "short", "current_password": password},
        {"username": [password], "password": {"a": mistyped}},
    ):
        for method, path in (
            ("PATCH", "users/update-password"),
            ("POST", "users/create"),
            ("POST", f"{OWN}/sessions/create"),
        ):
            answers.append(site.send("admin", method, path, json=body))
    answers.append(site.send("admin", "POST", f"{OWN}/tokens/revoke", json={"token": forged}))
    # Codes and cookies.
    site.tokens.pop(name, None)
    begun = site.post(None, f"{OWN}/devices/begin", name="a laptop")
    message = {"username": name, "password": password}
    entered = site.send(None, "POST", f"{OWN}/sessions/create", json=message)
    assert entered.status_code == 200, entered.text
    browser = Browser(site.client, name, entered.headers["set-cookie"].partition(";")[0])
    answers.extend(
        browser.send("POST", f"{OWN}/devices/approve", json={"user_code": code})
        for code in ("BBBB-BBBB", begun["user_code"])
    )
    polled = site.post(None, f"{OWN}/devices/poll", device_code=begun["device_code"])
    answers.append(browser.send("POST", f"{OWN}/sessions/end", json={}))
    answers.append(browser.send("GET", "users/current"))
    app.state.door.notes.write()
    secrets = {
        "password": password,
        "mistyped": mistyped,
        "token": token,
        "forged token": forged,
        "device code": begun["device_code"],
        "token of a device": polled["token"],
        "key of a session": browser.key,
    }
    assert len({each for each in secrets.values() if len(each) > 20}) == len(secrets)
    printed = capfd.readouterr()
    with site.runtime.database.reading() as session:
        audited = [[*row] for row in session.execute(select(AuditEvent.__table__)).all()]
        noted = [[*row] for row in session.execute(select(AuthEvent.__table__)).all()]
    assert any(name in str(row) for row in audited)
    assert any(name in str(row) for row in noted)
    places = {
        "answers": "\n".join(f"{answer.headers} {answer.text}" for answer in answers),
        "log": caplog.text,
        "output": printed.out + printed.err,
        "audit": str(audited),
        "notes": str(noted),
        "numbers": generate_latest(site.runtime.metrics).decode(),
    }
    assert "trackhelm_auth_failures" in places["numbers"]
    found = [
        (kind, place) for kind, secret in secrets.items() for place, text in places.items() if secret in text
    ]
    assert not found
