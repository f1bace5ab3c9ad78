"""Metrics of who may log them: asked for each run and each logged model, from what is remembered."""

import itertools
import json
import struct
import uuid
from typing import Any

import pytest

from tests.integration.access.conftest import OWN, Site, collected
from tests.integration.access.test_names_and_lists import grant, unique

METRIC: dict[str, Any] = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}


@pytest.fixture
def run(site: Site) -> tuple[str, str]:
    """Return the ids of an experiment and of a run in it."""
    experiment = site.post("admin", "experiments/create", name=unique())["experiment_id"]
    return experiment, site.post("admin", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]


def test_the_first_metric_after_a_revocation_is_refused(site: Site, run: tuple[str, str]) -> None:
    experiment, run_id = run
    who = site.new_user()
    grant(site, who, experiment, "EDIT")
    for step in range(3):
        site.post(who, "runs/log-batch", run_id=run_id, metrics=[METRIC | {"step": step}])
    site.send(
        "admin",
        "DELETE",
        "experiments/permissions/delete",
        json={"experiment_id": experiment, "username": who},
    )
    refusal = site.post(who, "runs/log-batch", 404, run_id=run_id, metrics=[METRIC])
    assert refusal["message"] == f"Run with id={run_id} not found"
    grant(site, who, experiment, "READ")
    site.post(who, "runs/log-metric", 403, run_id=run_id, **METRIC)
    history = site.get(who, "metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
    assert len(history) == 3


@pytest.mark.parametrize("end", ["token", "account", "admin"])
def test_a_credential_that_ended_logs_nothing_more(site: Site, run: tuple[str, str], end: str) -> None:
    _, run_id = run
    owner = site.new_user(role="editor")
    who = f"token-{uuid.uuid4().hex}"
    site.tokens[who] = site.new_token(owner, scopes=["write"])
    site.post(who, "runs/log-metric", run_id=run_id, **METRIC)
    match end:
        case "token":
            site.post(owner, f"{OWN}/tokens/revoke", token=site.tokens[who])
            expected = 401
        case "account":
            site.send("admin", "DELETE", "users/delete", json={"username": owner})
            expected = 401
        case _:
            roles = site.send("admin", "GET", "/api/3.0/mlflow/users/roles/list", params={"username": owner})
            (role,) = roles.json()["roles"]
            message = {"username": owner, "role_id": role["id"]}
            site.send("admin", "DELETE", "/api/3.0/mlflow/roles/unassign", json=message)
            expected = 404
    site.post(who, "runs/log-metric", expected, run_id=run_id, **METRIC)


def test_a_metric_of_a_logged_model_needs_the_right_to_change_that(site: Site, run: tuple[str, str]) -> None:
    _, victim = run
    foreign = site.post("admin", "experiments/create", name=unique())["experiment_id"]
    model = site.post("admin", "logged-models", experiment_id=foreign, name="m")["model"]["info"]["model_id"]
    who = site.new_user()
    mine = site.post("admin", "experiments/create", name=unique())["experiment_id"]
    grant(site, who, mine, "EDIT")
    own = site.post(who, "runs/create", experiment_id=mine)["run"]["info"]["run_id"]
    site.post(who, "runs/log-batch", 403, run_id=own, metrics=[METRIC | {"model_id": model}])
    assert "metrics" not in site.get("admin", f"logged-models/{model}")["model"]["data"]
    # Of one that is not on this server it is only a word.
    site.post(who, "runs/log-batch", run_id=own, metrics=[METRIC | {"model_id": "m-" + "0" * 32}])
    site.post(who, "runs/log-batch", 404, run_id=victim, metrics=[METRIC])


def test_params_and_tags_of_a_batch_are_asked_like_its_metrics(site: Site, run: tuple[str, str]) -> None:
    experiment, run_id = run
    who = site.new_user()
    grant(site, who, experiment, "READ")
    messages: tuple[dict[str, Any], ...] = (
        {"params": [{"key": "p", "value": "1"}]},
        {"tags": [{"key": "t", "value": "1"}]},
        {},
    )
    for message in messages:
        site.post(who, "runs/log-batch", 403, run_id=run_id, **message)
    data = site.get("admin", "runs/get", run_id=run_id)["run"]["data"]
    assert "params" not in data
    assert json.dumps(data).count("mlflow.runName") == 1


def test_columns_of_which_every_block_is_refused_are_answered_with_why(site: Site) -> None:
    definition = json.dumps(["no run's id", ["loss"], []]).encode()
    block = struct.pack("<II", len(definition), 1) + definition + struct.pack("<qqd", 0, 0, 0.5)
    body = struct.pack("<4sBBHQI", b"TRKM", 1, 0, 1, 7, 1) + b"w" + block
    headers = {"Content-Type": "application/vnd.trackhelm.metrics"}
    answer = site.send(site.new_user(), "POST", f"{OWN}/metrics", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    (refused,) = answer.json()["refused"]
    assert (refused["block"], refused["error_code"]) == (0, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("path", ["runs/log-parameter", "runs/set-tag"])
def test_who_may_change_one_experiment_writes_by_one_statement_until_that_is_taken_away(
    site: Site, path: str
) -> None:
    if site.runtime.database.is_sqlite:
        pytest.skip("of PostgreSQL: in a file a statement is no round trip")
    runs = []
    for _ in range(2):
        experiment = site.post("admin", "experiments/create", name=unique())["experiment_id"]
        run = site.post("admin", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        runs.append((experiment, run))
    (experiment, run), (elsewhere, other) = runs
    granted, editor, owner = site.new_user(), site.new_user(role="editor"), site.new_user(role="editor")
    grant(site, granted, experiment, "EDIT")
    grant(site, granted, elsewhere, "READ")
    grant(site, editor, elsewhere, "NO_PERMISSIONS")
    site.tokens[owner] = site.new_token(owner, scopes=["write"], experiment_id=experiment)
    keys = itertools.count()

    def statements(who: str, expected: int = 200, of: str = run) -> int:
        # The key is known; a param is new in each of them.
        key = f"key {next(keys)}"
        site.post("admin", path, run_id=warm, key=key, value="1")
        with collected(site) as found:
            site.post(who, path, expected, run_id=of, key=key, value="1")
        return len([each for each in found if "auth_event" not in each and "last_used" not in each])

    warm = site.post("admin", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    for who in (granted, editor, owner):
        statements(who)  # Who asks is remembered from here on.
        assert statements(who) == 1
    # What may not be changed is refused, by the transaction.
    assert statements(granted, 403, other) > 1
    assert statements(editor, 404, other) > 1
    assert statements(owner, 404, other) > 1
    stored = site.get("admin", "runs/get", run_id=other)["run"]["data"]
    assert not stored.get("params")
    site.send(
        "admin",
        "DELETE",
        "experiments/permissions/delete",
        json={"experiment_id": experiment, "username": granted},
    )
    before = site.get("admin", "runs/get", run_id=run)["run"]["data"]
    statements(granted, 404)
    assert site.get("admin", "runs/get", run_id=run)["run"]["data"] == before
    statements(editor)
    assert statements(editor) == 1
