"""Deleting workspaces with what is in them: where it goes, and that nothing of it stays or is lost."""

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.integration.access.conftest import MLFLOW_3, OWN, Site
from trackhelm_core.runtime import Runtime
from trackhelm_domain.gone_workspaces import is_left_over
from trackhelm_domain.tables import (
    ArtifactTombstone,
    AuditEvent,
    Experiment,
    LoggedModel,
    RegisteredModel,
    Run,
    Webhook,
)
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.deletion.left_overs import purge_left_overs as purge_runs
from trackhelm_registry.left_overs import purge_left_overs as purge_models

FILES = "/api/2.0/mlflow-artifacts/artifacts"


class Team:
    """A workspace with one of everything, made by somebody who owns it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.name = f"team-{uuid.uuid4().hex[:8]}"
        site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=self.name)
        self.owner = site.new_user(role="member", workspace=self.name)
        self.model = f"model-{uuid.uuid4().hex}"
        here = {"workspace": self.name}
        self.experiment = site.post(self.owner, "experiments/create", name=uuid.uuid4().hex, **here)[
            "experiment_id"
        ]
        run = site.post(self.owner, "runs/create", experiment_id=self.experiment, **here)["run"]["info"]
        self.run = run["run_id"]
        self.file = f"{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}/model/a.txt"
        self.log(self.owner, self.name, 200)
        assert self.put(self.owner, self.name) == 200
        logged = site.post(self.owner, "logged-models", experiment_id=self.experiment, **here)
        self.logged_model = logged["model"]["info"]["model_id"]
        site.post(self.owner, "registered-models/create", name=self.model, **here)
        source = {"source": f"{run['artifact_uri']}/model", "run_id": self.run}
        site.post(self.owner, "model-versions/create", name=self.model, **source, **here)
        events = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]
        hook = {"name": "w", "url": "https://example.com/", "events": events}
        site.post("admin", "webhooks", **hook, **here)

    def log(self, who: str, workspace: str, status: int) -> None:
        point = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}
        self.site.post(who, "runs/log-metric", status, workspace=workspace, run_id=self.run, **point)

    def put(self, who: str, workspace: str) -> int:
        answer = self.site.send(who, "PUT", f"{FILES}/{self.file}", workspace=workspace, content=b"text")
        return int(answer.status_code)

    def delete(self, mode: str, status: int = 204, who: str = "admin") -> Any:
        answer = self.site.send(
            who, "DELETE", f"{MLFLOW_3}/workspaces/{self.name}", params={"mode": mode} if mode else {}
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def team(site: Site) -> Team:
    return Team(site)


def test_a_workspace_is_deleted_with_its_contents_only_if_that_was_said(site: Site, team: Team) -> None:
    for mode in ("", "RESTRICT"):
        refusal = team.delete(mode, 409)
        assert "1 experiments, 1 registered models, 1 webhooks" in refusal["message"]
        assert "CASCADE" in refusal["message"]
    for mode in ("x", "cascade"):
        assert "RESTRICT, SET_DEFAULT, CASCADE" in team.delete(mode, 400)["message"]
    manager = site.new_user(role="manager", workspace=team.name)
    for mode in ("SET_DEFAULT", "CASCADE"):
        team.delete(mode, 403, manager)
        refusal = site.send("admin", "DELETE", f"{MLFLOW_3}/workspaces/default", params={"mode": mode})
        assert refusal.status_code == 400
    team.log(team.owner, team.name, 200)


def test_what_moves_to_the_default_workspace_keeps_its_owner_and_its_files(site: Site, team: Team) -> None:
    editor = site.new_user(role="editor", workspace=team.name)
    site.tokens["confined"] = site.new_token(team.owner, scopes=["write"], workspace=team.name)
    # Where it is was looked up before, and is not remembered for ever.
    site.get("admin", "runs/get", 404, run_id=team.run)
    team.log("admin", "default", 404)
    team.delete("SET_DEFAULT")
    for who, status in ((team.owner, 200), ("admin", 200), (editor, 404)):
        site.get(who, "runs/get", status, run_id=team.run)
        team.log(who, "default", status)
        site.get(who, f"logged-models/{team.logged_model}", status)
        site.get(who, "model-versions/get", status, name=team.model, version="1")
    site.get("confined", "runs/get", 401, run_id=team.run)
    site.get(team.owner, "runs/get", 404, workspace=team.name, run_id=team.run)
    assert team.put(team.owner, "default") == 200
    assert site.send(team.owner, "GET", f"{FILES}/{team.file}").content == b"text"
    assert team.put(site.new_user(role="viewer"), "default") == 403
    assert "w" in {each["name"] for each in site.get("admin", "webhooks")["webhooks"]}
    # A workspace of the same name begins with nothing.
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=team.name)
    site.get("admin", "runs/get", 404, workspace=team.name, run_id=team.run)
    found = site.post("admin", "experiments/search", workspace=team.name, max_results=10)
    assert found.get("experiments", []) == []
    assert site.send("admin", "GET", f"{FILES}/{team.file}", workspace=team.name).status_code == 404


def test_what_has_a_name_that_is_taken_does_not_move(site: Site, team: Team) -> None:
    site.post("admin", "registered-models/create", name=team.model)
    refusal = team.delete("SET_DEFAULT", 409)
    assert f"registered models of the same names: '{team.model}'" in refusal["message"]
    team.log(team.owner, team.name, 200)


def left(runtime: Runtime, team: Team) -> dict[str, int]:
    """Return how many rows there are of what a workspace had."""
    number = int(team.experiment)
    counts = {
        "models": select(func.count()).where(RegisteredModel.name == team.model),
        "experiments": select(func.count()).where(
            Experiment.id == number, Experiment.lifecycle_stage != LifecycleStage.PURGED
        ),
        "runs": select(func.count()).where(Run.uuid == team.run),
        "logged models": select(func.count()).where(LoggedModel.model_id == team.logged_model),
    }
    with runtime.database.reading() as session:
        return {kind: session.scalar(statement) or 0 for kind, statement in counts.items()}


def test_a_cascade_hides_everything_at_once_and_deletes_it_for_good_later(site: Site, team: Team) -> None:
    team.delete("CASCADE")
    for who in (team.owner, "admin"):
        site.get(who, "runs/get", 404, run_id=team.run)
        site.get(who, "runs/get", 404, workspace=team.name, run_id=team.run)
        site.get(who, "registered-models/get", 404, name=team.model)
        team.log(who, "default", 404)
        team.log(who, team.name, 404)
        assert team.put(who, team.name) == 404
    assert left(site.runtime, team) == {"models": 1, "experiments": 1, "runs": 1, "logged models": 1}
    # As background work does, in any order: runs wait for the versions that have their files.
    purge_runs(site.runtime)
    assert left(site.runtime, team)["runs"] == 1
    purge_models(site.runtime)
    assert left(site.runtime, team) == {"models": 0, "experiments": 1, "runs": 1, "logged models": 0}
    purge_runs(site.runtime)
    assert not any(left(site.runtime, team).values())
    with site.runtime.database.reading() as session:
        assert not session.scalars(select(Webhook.id).where(is_left_over(Webhook.workspace_id))).all()
        waiting = {row.entity_id for row in session.scalars(select(ArtifactTombstone))}
    assert {team.run, team.logged_model} <= waiting
    deleted = site.get("admin", f"{OWN}/audit/events", entity_id=team.name)["events"][0]
    assert (deleted["action"], deleted["actor"], deleted["from"]["mode"]) == ("deleted", "admin", "CASCADE")
    # The rest is in the trail of the workspace, which no manager of another one sees.
    for kind, name in (
        ("run", team.run),
        ("experiment", team.experiment),
        ("registered_model", team.model),
        ("logged_model", team.logged_model),
    ):
        assert not site.get("admin", f"{OWN}/audit/events", entity_id=name)
        with site.runtime.database.reading() as session:
            of_it = select(AuditEvent).where(AuditEvent.entity_type == kind, AuditEvent.entity_id == name)
            event = session.scalars(of_it.order_by(AuditEvent.id.desc())).first()
        assert event is not None
        assert event.workspace_id is not None
        assert (event.actor, event.comment) == ("admin", f"with the workspace '{team.name}'")
        assert event.action in {"deleted", "purged"}
    # The next one of the name has nothing to do with it.
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=team.name)
    site.post("admin", "registered-models/create", workspace=team.name, name=team.model)
    purge_models(site.runtime)
    site.get("admin", "registered-models/get", workspace=team.name, name=team.model)


def test_a_cascade_that_is_killed_between_two_steps_goes_on(
    site: Site, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        site.post(team.owner, "runs/create", workspace=team.name, experiment_id=team.experiment)
    team.delete("CASCADE")
    purge_models(site.runtime)
    monkeypatch.setattr("trackhelm_ingest.deletion.left_overs.RUNS_AT_ONCE", 1)
    writing, steps = site.runtime.database.writing, [0]

    def killed() -> Any:
        steps[0] += 1
        if steps[0] == 3:
            raise SystemExit
        return writing()

    monkeypatch.setattr(site.runtime.database, "writing", killed)
    with pytest.raises(SystemExit):
        purge_runs(site.runtime)
    assert left(site.runtime, team)["experiments"] == 1
    purge_runs(site.runtime)
    assert not any(left(site.runtime, team).values())


def test_models_with_protections_keep_their_workspace(site: Site, team: Team) -> None:
    manager = site.new_user(role="manager", workspace=team.name)
    protection = {"name": team.model, "kind": "stage", "target": "Production"}
    site.post(manager, f"{OWN}/protections/set", workspace=team.name, **protection)
    assert f"protected: '{team.model}'" in team.delete("CASCADE", 409)["message"]
    site.get(manager, "registered-models/get", workspace=team.name, name=team.model)
