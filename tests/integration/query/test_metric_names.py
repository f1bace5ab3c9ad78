"""Metrics whose names end like aggregates, searched over both databases as a stock client would."""

import uuid

import pytest

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory
from tests.fixtures.sql import CountStatements

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")


@pytest.fixture
def key() -> str:
    """Return a key that no other test has logged: keys are known to the whole database."""
    return f"loss-{uuid.uuid4().hex}"


def found(api: Api, experiment_id: str, where: str = "", order: str = "run_name") -> str:
    page = api.post("runs/search", experiment_ids=[experiment_id], filter=where, order_by=[order])
    return "".join(run["info"]["run_name"] for run in page.get("runs", []))


def test_a_metric_of_the_whole_name_wins_over_the_aggregate(api: Api, factory: Factory, key: str) -> None:
    experiment_id = api.new_experiment()
    factory.run(experiment_id, name="a", metrics={key: [(0, 0, 9.0), (1, 1, 1.0)]})
    factory.run(experiment_id, name="b", metrics={key: [(0, 0, 5.0), (1, 1, 2.0)]})
    bare, aggregate, literal = f"metrics.{key}.max", f"metrics.`{key}`.max", f"metrics.`{key}.max`"
    assert found(api, experiment_id, f"{bare} > 6") == "a"
    assert found(api, experiment_id, order=f"{bare} DESC") == "ab"
    assert found(api, experiment_id, f"{literal} > 0") == ""

    factory.run(experiment_id, name="c", metrics={f"{key}.max": 7.0})
    for name in (bare, literal):
        assert found(api, experiment_id, f"{name} > 6") == "c"
        assert found(api, experiment_id, order=f"{name} DESC")[0] == "c"
    assert found(api, experiment_id, f"{aggregate} > 6") == "a"
    assert found(api, experiment_id, order=aggregate) == "bac"


def test_logged_models_are_searched_by_the_same_rule(api: Api, key: str) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)

    def model_with(metric: str, *values: float) -> str:
        model_id: str = api.post("logged-models", experiment_id=experiment_id)["model"]["info"]["model_id"]
        points = [
            {"key": metric, "value": value, "step": step, "timestamp": step, "model_id": model_id}
            for step, value in enumerate(values)
        ]
        api.post("runs/log-batch", run_id=run_id, metrics=points)
        return model_id

    def searched(where: str) -> list[str]:
        page = api.post("logged-models/search", experiment_ids=[experiment_id], filter=where)
        return [model["info"]["model_id"] for model in page.get("models", [])]

    plain = model_with(key, 9.0, 1.0)
    assert searched(f"metrics.{key}.max > 6") == [plain]
    named = model_with(f"{key}.max", 7.0)
    assert searched(f"metrics.{key}.max > 6") == [named]
    assert searched(f"metrics.`{key}`.max > 6") == [plain]


def test_many_such_names_take_one_statement_more_at_most(
    api: Api, factory: Factory, key: str, count_statements: CountStatements
) -> None:
    experiment_id = api.new_experiment()
    factory.run(experiment_id, name="a", metrics={key: 1.0})

    def statements(names: int) -> int:
        where = " OR ".join(f"metrics.{key}{index}.max > 0" for index in range(names))
        with count_statements() as ran:
            found(api, experiment_id, where)
        return len(ran)

    assert statements(50) == statements(1)
