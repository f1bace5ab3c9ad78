"""What the stock client does is in the audit trail under its user's name."""

import httpx
import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.e2e.server import ServerProcess, trackhelm_only
from tests.e2e.training import log_constant_model

pytestmark = trackhelm_only("it keeps no audit trail")


def test_the_users_name_is_on_every_change(
    server: ServerProcess,
    client: MlflowClient,
    experiment: Experiment,
    model_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "not checked")
    with mlflow.start_run() as run:
        log_constant_model(1)
    mlflow.register_model(f"runs:/{run.info.run_id}/model", model_name)
    client.transition_model_version_stage(model_name, "1", "Production")
    client.set_registered_model_alias(model_name, "champion", "1")
    client.set_model_version_tag(model_name, "1", "validated", "yes")
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret-token")
    client.delete_registered_model_alias(model_name, "champion")
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    client.delete_registered_model(model_name)
    client.delete_run(run.info.run_id)

    def events(**wanted: str) -> list[dict[str, object]]:
        url = f"{server.url}/api/2.0/trackhelm/audit/events"
        found: list[dict[str, object]] = httpx.get(url, params=wanted).raise_for_status().json()["events"]
        return found[::-1]

    told = [(event["actor_kind"], event["action"]) for event in events(model_name=model_name)]
    assert told == [
        ("user", "created"),
        ("user", "created"),
        ("user", "stage_changed"),
        ("user", "alias_set"),
        ("user", "tagged"),
        ("token", "alias_deleted"),
        ("anonymous", "deleted"),
    ]
    assert {event["actor"] for event in events(model_name=model_name, actor="ada")} == {"ada"}
    assert len(events(model_name=model_name, actor="ada")) == 5
    assert "secret-token" not in str(events(model_name=model_name))
    assert [event["action"] for event in events(entity_id=run.info.run_id)] == ["deleted"]
    made = events(entity_type="logged_model", actor="ada")
    assert made[0]["action"] == "created"


def test_credentials_in_a_form_that_nobody_knows_are_refused_at_once(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/api/2.0/mlflow/experiments/search", headers={"Authorization": "Nobody"})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
