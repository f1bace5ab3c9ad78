"""A logged model's metrics are there when they were answered, in every shape."""

import pytest

from tests.fixtures.api import Api

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")


def test_a_models_metrics_are_read_as_soon_as_they_are_logged(api: Api) -> None:
    run = api.new_run()
    experiment = api.get("runs/get", run_id=run)["run"]["info"]["experiment_id"]
    created = api.post("logged-models", experiment_id=experiment, source_run_id=run)
    model = created["model"]["info"]["model_id"]
    for step in range(5):
        api.post(
            "runs/log-metric", run_id=run, key="k", value=step, timestamp=step, step=step, model_id=model
        )
        found = api.get(f"logged-models/{model}")["model"]["data"]["metrics"]
        assert [metric["step"] for metric in found if metric["key"] == "k"] == list(range(step + 1))
        api.post(
            "runs/log-metric", run_id=run, key="l", value=step, timestamp=step, step=step, model_id=model
        )
        (listed,) = api.post("logged-models/search", experiment_ids=[experiment])["models"]
        assert {metric["step"] for metric in listed["data"]["metrics"]} == set(range(step + 1))
