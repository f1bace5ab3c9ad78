"""The datasets of experiments, over both databases."""

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory

PATH = "/ajax-api/2.0/mlflow/experiments/search-datasets"
INVALID = "INVALID_PARAMETER_VALUE"


def test_each_dataset_and_context_is_told_once(api: Api, factory: Factory) -> None:
    one, other = api.new_experiment(), api.new_experiment()
    for _ in range(2):
        run_id = factory.run(one)
        factory.dataset(one, run_id, name="a", tags={"mlflow.data.context": "train", "x": "y"})
        factory.dataset(one, run_id, name="b", digest="d2", tags={"x": "y"})
    factory.dataset(one, factory.run(one), name="a", tags={"mlflow.data.context": "eval"})
    factory.dataset(other, factory.run(other), name="a")
    a, b = {"name": "a", "digest": "d1"}, {"name": "b", "digest": "d2"}
    summaries = api.post(PATH, experiment_ids=[one, one])["dataset_summaries"]
    assert summaries == [
        {"experiment_id": one, **a, "context": "eval"},
        {"experiment_id": one, **a, "context": "train"},
        {"experiment_id": one, **b},
    ]
    assert len(api.post(PATH, experiment_ids=[one, other])["dataset_summaries"]) == 4
    assert api.post(PATH, experiment_ids=[api.new_experiment()]) == {}


def test_one_to_twenty_experiments_may_be_named(api: Api) -> None:
    api.refused("POST", PATH, INVALID)
    api.refused("POST", PATH, INVALID, experiment_ids=["0"] * 21)
    api.refused("POST", PATH, INVALID, experiment_ids=["x"])
    path = "experiments/search-datasets"
    api.refused("POST", path, "ENDPOINT_NOT_FOUND", 404, experiment_ids=["0"])
