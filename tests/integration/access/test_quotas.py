"""Quotas of workspaces: what exceeds one is refused, and what was acknowledged stays."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tests.fixtures.databases import lay_migrated_sqlite_database
from tests.integration.access.conftest import MLFLOW, MLFLOW_3, OWN, Site
from tests.integration.access.test_names_and_lists import unique
from trackhelm_cli.main import app as command
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.locations import Places
from trackhelm_domain.quotas.counting import recount_due
from trackhelm_domain.tables import WebhookDelivery, WorkspaceUsage
from trackhelm_embedded.app import embedded_app

FILES = f"{MLFLOW}-artifacts/artifacts"
METRIC: dict[str, Any] = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}


class Place:
    """A workspace of its own, with an editor and a manager."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.name = f"w-{uuid.uuid4().hex[:8]}"
        site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=self.name)
        self.editor = site.new_user(role="editor", workspace=self.name)
        self.manager = site.new_user(role="manager", workspace=self.name)

    def post(self, path: str, expected: int = 200, /, who: str = "", **message: Any) -> dict[str, Any]:
        return self.site.post(who or self.editor, path, expected, workspace=self.name, **message)

    def set(self, **quotas: int) -> dict[str, Any]:
        return self.post(f"{OWN}/workspaces/quotas", who="admin", **quotas)

    def usage(self) -> dict[str, Any]:
        return self.site.get(self.editor, f"{OWN}/workspaces/usage", workspace=self.name)

    def experiment(self) -> str:
        experiment: str = self.post("experiments/create", name=unique())["experiment_id"]
        return experiment

    def run(self, experiment: str) -> str:
        run: str = self.post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        return run

    def put(self, path: str, content: Any, **headers: str) -> Any:
        return self.site.send(
            self.editor, "PUT", f"{FILES}/{path}", workspace=self.name, content=content, headers=headers
        )


@pytest.fixture(scope="module")
def place(site: Site) -> Place:
    return Place(site)


@pytest.fixture(autouse=True)
def _no_quotas(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "place" in request.fixturenames:
        request.getfixturevalue("place").set()


def test_administrators_set_quotas_and_members_see_them(site: Site, place: Place) -> None:
    answer = place.set(runs=100, bytes=1_000_000, points_per_second=50)
    assert answer["workspace"] == place.name
    assert answer["quotas"] == {"runs": 100, "bytes": 1_000_000, "points_per_second": 50}
    assert place.usage() == answer
    stocks = {"bytes", "runs", "experiments", "registered_models", "tokens", "webhooks"}
    assert answer["usage"].keys() == stocks
    # What is absent has none from then on.
    assert place.set(runs=5)["quotas"] == {"runs": 5}
    stranger = site.new_user()
    site.get(stranger, f"{OWN}/workspaces/usage", 404, workspace=place.name)
    place.post(f"{OWN}/workspaces/quotas", 403, who=place.manager, runs=1_000)
    assert place.usage()["quotas"] == {"runs": 5}
    events = site.get("admin", f"{OWN}/audit/events", workspace=place.name, max_results=50)["events"]
    assert any(event["action"] == "quotas_set" and event["to"] == {"runs": 5} for event in events)


@pytest.mark.parametrize(
    ("quotas", "named"),
    [
        ({"points_burst": 5}, "points_burst"),
        ({"points_per_second": 0}, "points_per_second"),
        ({"runs": -1}, "runs"),
        ({"runs": "many"}, "runs"),
        ({"colours": 3}, None),
    ],
)
def test_quotas_that_mean_nothing_are_refused(
    place: Place, quotas: dict[str, Any], named: str | None
) -> None:
    answer = place.site.send("admin", "POST", f"{OWN}/workspaces/quotas", workspace=place.name, json=quotas)
    if named is None:
        assert answer.status_code == 200, "unknown fields are ignored, as everywhere"
    else:
        assert answer.status_code == 400
        assert named in answer.json()["message"]


def test_the_last_place_is_given_once_and_freed_by_deleting_for_good(site: Site, place: Place) -> None:
    experiment = place.experiment()
    place.set(runs=place.usage()["usage"]["runs"] + 2)
    first = place.run(experiment)
    place.run(experiment)
    refusal = place.post("runs/create", 403, experiment_id=experiment)
    assert refusal["error_code"] == "RESOURCE_LIMIT_EXCEEDED"
    assert place.name in refusal["message"]
    assert "gc" in refusal["message"]
    found = place.post("runs/search", experiment_ids=[experiment])["runs"]
    assert len(found) == 2, "nothing of the refused one is there"
    # What is in the bin still counts.
    place.post("runs/delete", who=place.manager, run_id=first)
    place.post("runs/create", 403, experiment_id=experiment)
    url = site.runtime.database.engine.url.render_as_string(hide_password=False)
    options = ["gc", "--run-ids", first, "--database-url", url, "--data", str(site.data)]
    gc = CliRunner().invoke(command, options)
    assert gc.exit_code == 0, gc.output
    place.run(experiment)


@pytest.mark.parametrize(
    ("quota", "path", "message"),
    [
        ("experiments", "experiments/create", lambda: {"name": unique()}),
        ("registered_models", "registered-models/create", lambda: {"name": unique()}),
        (
            "webhooks",
            "webhooks",
            lambda: {"name": unique()[:60], "url": "https://hooks.example/x", "run_events": ["FAILED"]},
        ),
        (
            "tokens",
            f"{OWN}/tokens/create",
            lambda: {"name": "t", "scopes": ["read"]},
        ),
    ],
)
def test_what_a_workspace_may_have_a_number_of(place: Place, quota: str, path: str, message: Any) -> None:
    confined = {"workspace": place.name} if quota == "tokens" else {}
    place.set(**{quota: place.usage()["usage"][quota] + 1})
    body = message() | confined
    made = place.site.send(place.manager, "POST", path, workspace=place.name, json=body)
    assert made.status_code == 200, made.text
    refused = place.site.send(place.manager, "POST", path, workspace=place.name, json=message() | confined)
    assert refused.status_code == 403, refused.text
    assert refused.json()["error_code"] == "RESOURCE_LIMIT_EXCEEDED"
    usage = place.usage()
    assert usage["usage"][quota] == usage["quotas"][quota]


def test_files_are_refused_before_they_are_stored_and_freed_by_deleting(place: Place) -> None:
    experiment = place.experiment()
    run = place.post("runs/create", experiment_id=experiment)["run"]["info"]
    folder = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    used = place.usage()["usage"]["bytes"]
    place.set(bytes=used + 1_000)
    assert place.put(f"{folder}/a", b"x" * 900).status_code == 200
    refused = place.put(f"{folder}/b", b"x" * 200)
    assert (refused.status_code, refused.json()["error_code"]) == (403, "RESOURCE_LIMIT_EXCEEDED")
    assert f"{used + 900:,}" in refused.json()["message"]

    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 50 for _ in range(4))

    # Of a body without a length it is seen while it comes.
    assert place.put(f"{folder}/c", pieces()).status_code == 403
    listed = place.site.get(place.editor, "artifacts/list", workspace=place.name, run_id=run["run_id"])
    assert [each["path"] for each in listed["files"]] == ["a"]
    # A file that is replaced counts once.
    assert place.put(f"{folder}/a", b"x" * 50).status_code == 200
    assert place.usage()["usage"]["bytes"] == used + 50
    assert place.put(f"{folder}/b", b"x" * 900).status_code == 200
    gone = place.site.send(place.manager, "DELETE", f"{FILES}/{folder}", workspace=place.name)
    assert gone.status_code == 200
    assert place.usage()["usage"]["bytes"] == used


def test_counting_finds_what_the_kept_numbers_missed(site: Site, place: Place) -> None:
    experiment = place.experiment()
    run = place.post("runs/create", experiment_id=experiment)["run"]["info"]
    folder = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    # Nothing is counted while there is no quota.
    assert place.put(f"{folder}/a", b"x" * 70).status_code == 200
    right = place.set(runs=10_000, bytes=10_000_000)
    assert right["usage"]["runs"] >= 1
    assert right["usage"]["bytes"] >= 70
    wrong = update(WorkspaceUsage).values(runs=4_000, bytes=4_000, counted_time=1)
    with site.runtime.database.writing() as session:
        session.execute(wrong)
    recount_due(site.runtime, site.runtime.part(Places))
    assert place.usage()["usage"] == right["usage"]
    with site.runtime.database.reading() as session:
        times = session.scalars(select(WorkspaceUsage.counted_time)).all()
    assert min(times) > 1, "each workspace was counted"


def test_points_that_come_too_fast_wait_and_none_that_was_acknowledged_is_lost(place: Place) -> None:
    experiment = place.experiment()
    run, other = place.run(experiment), place.run(experiment)
    place.set(points_per_second=1, points_burst=3)
    # More than the burst passes once.
    batch = [METRIC | {"step": step} for step in range(5)]
    place.post("runs/log-batch", run_id=run, metrics=batch)
    for sent, path in ((METRIC, "runs/log-metric"), ({"metrics": [METRIC]}, "runs/log-batch")):
        answer = place.site.send(
            place.editor, "POST", path, workspace=place.name, json={"run_id": other, **sent}
        )
        assert answer.status_code == 429
        assert answer.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
        assert 1 <= int(answer.headers["retry-after"]) <= 30
    history = place.site.get(
        place.editor, "metrics/get-history", workspace=place.name, run_id=run, metric_key="m"
    )
    assert len(history["metrics"]) == 5
    # Others are not slowed.
    elsewhere = place.site.post("admin", "experiments/create", name=unique())["experiment_id"]
    quiet = place.site.post("admin", "runs/create", experiment_id=elsewhere)["run"]["info"]["run_id"]
    place.site.post("admin", "runs/log-batch", run_id=quiet, metrics=batch)
    place.set()
    place.post("runs/log-metric", run_id=other, **METRIC)


def test_a_run_may_have_so_many_series(place: Place) -> None:
    experiment = place.experiment()
    run = place.run(experiment)
    place.set(series_per_run=3)
    place.post("runs/log-batch", run_id=run, metrics=[METRIC | {"key": key} for key in "abc"])
    refusal = place.post("runs/log-batch", 400, run_id=run, metrics=[METRIC | {"key": "d"}])
    assert "may have 3 " in refusal["message"]
    # Those that it has are logged on, and another run has its own.
    place.post("runs/log-batch", run_id=run, metrics=[METRIC | {"key": "a", "step": 1}])
    place.post("runs/log-batch", run_id=place.run(experiment), metrics=[METRIC | {"key": "d"}])
    assert (
        len(place.site.get("admin", "runs/get", workspace=place.name, run_id=run)["run"]["data"]["metrics"])
        == 3
    )


def test_a_caller_who_floods_waits_and_others_do_not(site: Site, place: Place) -> None:
    other = site.new_user(role="viewer", workspace=place.name)
    place.set(requests_per_second=1)
    path = f"{OWN}/workspaces/usage"
    statuses = [site.send(place.editor, "GET", path, workspace=place.name).status_code for _ in range(40)]
    assert statuses[0] == 200
    assert set(statuses) == {200, 429}
    assert site.send(other, "GET", path, workspace=place.name).status_code == 200
    assert site.send("admin", "GET", path, workspace=place.name).status_code == 200
    assert site.send(place.editor, "GET", "/health").status_code == 200


def test_webhooks_are_told_once_that_a_quota_is_nearly_used(site: Site, place: Place) -> None:
    message = {
        "name": unique()[:60],
        "url": "https://hooks.example/x",
        "workspace_events": ["QUOTA_NEARLY_USED"],
    }
    hook = place.post("webhooks", who="admin", **message)["webhook"]
    assert hook["workspace_events"] == ["QUOTA_NEARLY_USED"]
    experiment = place.experiment()
    place.set(runs=place.usage()["usage"]["runs"] + 10)

    def told() -> list[dict[str, Any]]:
        statement = select(WebhookDelivery.body).where(
            WebhookDelivery.event == "workspace.quota_nearly_used",
            WebhookDelivery.subject == f"workspace/{place.name}",
        )
        with site.runtime.database.reading() as session:
            return [json.loads(body)["data"] for body in session.scalars(statement)]

    limit = place.usage()["quotas"]["runs"]
    for _ in range(10):
        place.run(experiment)
    (event,) = told()
    assert (event["workspace"], event["quota"], event["limit"]) == (place.name, "runs", limit)
    assert event["used"] >= 0.8 * limit
    place.post("webhooks", 400, who="admin", **(message | {"workspace_events": ["FULL"]}))


def test_quotas_hold_where_nobody_logs_in(tmp_path: Path) -> None:
    lay_migrated_sqlite_database(tmp_path / "trackhelm.db")
    with TestClient(embedded_app(StorageSettings(data=tmp_path)), base_url="http://127.0.0.1") as client:
        path = f"{OWN}/workspaces/quotas"
        assert client.post(path, json={"experiments": 2, "requests_per_second": 10}).status_code == 200
        assert client.post(f"{MLFLOW}/experiments/create", json={"name": "a"}).status_code == 200
        refused = client.post(f"{MLFLOW}/experiments/create", json={"name": "b"})
        assert (refused.status_code, refused.json()["error_code"]) == (403, "RESOURCE_LIMIT_EXCEEDED")
        answers = {client.get(f"{OWN}/workspaces/usage").status_code for _ in range(60)}
        assert answers == {200, 429}
        assert client.get("/health").status_code == 200
