"""The graph of lineage: what a version comes from, what came of what, and where it stops."""

from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.sql import CountStatements
from tests.integration.governance.people import ALIAS, OWN

GRAPH = f"{OWN}/lineage/graph"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "https://git.example/iris.git"


class Story:
    """A run that reads a dataset and logs a model, which is registered and named."""

    def __init__(self, api: Api, name: str) -> None:
        self.api = api
        self.name = name
        self.experiment_id = api.new_experiment()
        self.digest = name[-32:]
        tags = [
            {"key": "mlflow.source.git.commit", "value": COMMIT},
            {"key": "mlflow.source.git.repoURL", "value": REPOSITORY},
        ]
        self.run_id = self.reading_run(tags=tags)
        self.model_id = self.logged_model(self.run_id)
        self.version = self.register(self.model_id)
        api.post(ALIAS, name=name, alias="champion", version=self.version)

    def reading_run(self, experiment_id: str = "", **message: Any) -> str:
        run_id = self.api.new_run(experiment_id or self.experiment_id, **message)
        dataset = {
            "name": "flowers/2026",
            "digest": self.digest,
            "source_type": "s3",
            "source": '{"uri": "s3://data/flowers"}',
        }
        self.api.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset}])
        return run_id

    def logged_model(self, run_id: str) -> str:
        answer = self.api.post("logged-models", experiment_id=self.experiment_id, source_run_id=run_id)
        model_id: str = answer["model"]["info"]["model_id"]
        return model_id

    def register(self, model_id: str, run_id: str = "") -> str:
        version: str = self.api.post(
            "model-versions/create",
            name=self.name,
            source=f"models:/{model_id}",
            model_id=model_id,
            run_id=run_id or None,
        )["model_version"]["version"]
        return version

    def graph(self, **message: Any) -> dict[str, Any]:
        return self.api.get(GRAPH, **message)


@pytest.fixture
def story(api: Api, name: str) -> Story:
    return Story(api, name)


def edges(graph: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(edge["source"], edge["relation"], edge["target"]) for edge in graph.get("edges", [])}


def node(graph: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [node for node in graph["nodes"] if node["type"] == kind]
    result: dict[str, Any] = found
    return result


def test_a_version_leads_back_to_its_model_run_dataset_and_commit(story: Story) -> None:
    graph = story.graph(model_name=story.name, version=story.version)
    dataset = f"dataset:flowers%2F2026/{story.digest}"
    commit = f"commit:https:%2F%2Fgit.example%2Firis.git/{COMMIT}"
    run, model = f"run:{story.run_id}", f"logged_model:{story.model_id}"
    version = f"model_version:{story.name}/{story.version}"
    assert graph["root"] == version
    assert edges(graph) == {
        (dataset, "read_by", run),
        (commit, "code_of", run),
        (run, "logged", model),
        (run, "registered_as", version),
        (model, "registered_as", version),
        (version, "named", f"alias:{story.name}/champion"),
    }
    assert "truncated" not in graph
    assert node(graph, "dataset")["attributes"] == {"name": "flowers/2026", "digest": story.digest}
    assert node(graph, "commit")["attributes"] == {"repository": REPOSITORY, "commit": COMMIT}
    assert node(graph, "run")["attributes"]["lifecycle_stage"] == "active"
    stage = {"name": story.name, "version": story.version, "stage": "None"}
    assert node(graph, "model_version")["attributes"] == stage
    by_alias = story.graph(model_name=story.name, alias="champion")
    assert by_alias == graph


@pytest.mark.parametrize("start", ["run", "model", "dataset"])
def test_what_came_of_it_leads_forward_to_versions_and_aliases(story: Story, start: str) -> None:
    begin = {
        "run": {"run_id": story.run_id},
        "model": {"model_id": story.model_id},
        "dataset": {"dataset_name": "flowers/2026", "dataset_digest": story.digest},
    }[start]
    graph = story.graph(**begin, direction="downstream")
    version = f"model_version:{story.name}/{story.version}"
    assert (f"logged_model:{story.model_id}", "registered_as", version) in edges(graph)
    assert (version, "named", f"alias:{story.name}/champion") in edges(graph)
    kinds = {node["type"] for node in graph["nodes"]}
    assert "commit" not in kinds
    assert ("dataset" in kinds) == (start == "dataset")


def test_a_dataset_leads_to_its_readers_in_all_experiments(story: Story, api: Api) -> None:
    other = story.reading_run(api.new_experiment())
    graph = story.graph(dataset_name="flowers/2026", dataset_digest=story.digest)
    assert {f"run:{story.run_id}", f"run:{other}"} <= {found["id"] for found in graph["nodes"]}


def test_a_model_that_was_trained_further_leads_back_to_the_first_run(story: Story, api: Api) -> None:
    second = api.new_run(story.experiment_id)
    api.post("runs/log-inputs", run_id=second, models=[{"model_id": story.model_id}])
    tuned = story.logged_model(second)
    version = story.register(tuned)
    graph = story.graph(model_name=story.name, version=version, direction="upstream")
    assert (f"logged_model:{story.model_id}", "read_by", f"run:{second}") in edges(graph)
    assert (f"run:{story.run_id}", "logged", f"logged_model:{story.model_id}") in edges(graph)
    forward = story.graph(run_id=story.run_id, direction="downstream")
    assert f"model_version:{story.name}/{version}" in {found["id"] for found in forward["nodes"]}


def test_an_output_of_a_run_is_what_it_logged(story: Story, api: Api) -> None:
    run_id = api.new_run(story.experiment_id)
    api.post("runs/outputs", run_id=run_id, models=[{"model_id": story.model_id, "step": "1"}])
    graph = story.graph(model_id=story.model_id, direction="upstream")
    assert (f"run:{run_id}", "logged", f"logged_model:{story.model_id}") in edges(graph)
    assert f"logged_model:{story.model_id}" in {n["id"] for n in story.graph(run_id=run_id)["nodes"]}


def test_a_copy_leads_to_what_it_is_a_copy_of(story: Story, api: Api) -> None:
    source = f"models:/{story.name}/{story.version}"
    copy = api.post("model-versions/create", name=story.name, source=source)["model_version"]["version"]
    edge = (
        f"model_version:{story.name}/{story.version}",
        "copied_to",
        f"model_version:{story.name}/{copy}",
    )
    assert edge in edges(story.graph(model_name=story.name, version=copy))
    assert edge in edges(story.graph(run_id=story.run_id))


def test_what_is_elsewhere_is_missing_and_what_is_in_the_bin_is_shown(story: Story, api: Api) -> None:
    version = api.post(
        "model-versions/create", name=story.name, source="s3://bucket/model", run_id="elsewhere"
    )["model_version"]["version"]
    graph = story.graph(model_name=story.name, version=version)
    missing = node(graph, "run")
    assert (missing["is_missing"], missing["attributes"]) == (True, {"run_id": "elsewhere"})
    api.post("runs/delete", run_id=story.run_id)
    graph = story.graph(model_name=story.name, version=story.version)
    assert node(graph, "run")["attributes"]["lifecycle_stage"] == "deleted"


def test_a_graph_stops_at_its_limits_and_says_so(story: Story) -> None:
    for _ in range(5):
        story.register(story.model_id)
    asked = {"model_id": story.model_id, "direction": "downstream"}
    whole = story.graph(**asked)
    assert len(whole["nodes"]) == 8  # the model, six versions, an alias
    assert "truncated" not in whole
    cut = story.graph(**asked, max_nodes=4)
    assert cut["truncated"]
    assert len(cut["nodes"]) == 4
    assert node(cut, "logged_model")["is_partial"]
    known = {found["id"] for found in cut["nodes"]}
    assert all({edge["source"], edge["target"]} <= known for edge in cut["edges"])
    shallow = story.graph(**asked, max_depth=1)
    assert shallow["truncated"]
    assert {found["type"] for found in shallow["nodes"]} == {"logged_model", "model_version"}
    assert "is_partial" not in node(shallow, "logged_model")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "exactly one"),
        ({"run_id": "a", "model_id": "b"}, "exactly one"),
        ({"model_name": "a"}, "version"),
        ({"model_name": "a", "version": "1", "alias": "b"}, "version"),
        ({"model_name": "a", "version": "x"}, "version"),
        ({"run_id": "a", "direction": "sideways"}, "direction"),
        ({"run_id": "a", "max_nodes": 0}, "max_nodes"),
        ({"run_id": "a", "max_nodes": 5001}, "max_nodes"),
        ({"run_id": "a", "max_depth": 21}, "max_depth"),
    ],
)
def test_what_cannot_be_meant_is_refused(api: Api, asked: dict[str, Any], told: str) -> None:
    assert told in api.refused("GET", GRAPH, "INVALID_PARAMETER_VALUE", **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"model_name": "none-of-this-name", "version": "1"},
        {"run_id": "none"},
        {"model_id": "none"},
        {"dataset_name": "none", "dataset_digest": "none"},
    ],
)
def test_what_is_not_there_is_404(api: Api, asked: dict[str, Any]) -> None:
    api.refused("GET", GRAPH, "RESOURCE_DOES_NOT_EXIST", 404, **asked)


def test_a_graph_costs_the_same_statements_however_wide_it_is(
    story: Story, count_statements: CountStatements
) -> None:
    asked = {"dataset_name": "flowers/2026", "dataset_digest": story.digest}
    with count_statements() as narrow:
        story.graph(**asked)
    for _ in range(10):
        model_id = story.logged_model(story.reading_run())
        for _ in range(3):
            story.register(model_id)
    with count_statements() as wide:
        graph = story.graph(**asked)
    assert len(graph["nodes"]) > 50
    assert len(wide) == len(narrow) <= 12
