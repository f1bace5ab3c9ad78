"""Runs from start to bin, and searching them, by every method that the client has for them."""

import mlflow
import pytest
from mlflow.entities import Experiment, ViewType
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused


def test_a_run_from_start_to_end(client: MlflowClient, experiment: Experiment) -> None:
    run = client.create_run(experiment.experiment_id, start_time=5, tags={"a": "1"}, run_name="first")
    run_id = run.info.run_id
    assert (run.info.status, run.info.start_time, run.info.run_name) == ("RUNNING", 5, "first")
    assert run.data.tags["mlflow.runName"] == "first"
    client.update_run(run_id, status="SCHEDULED", name="second")
    client.set_terminated(run_id, status="KILLED", end_time=9)
    ended = client.get_run(run_id)
    assert (ended.info.status, ended.info.end_time, ended.info.run_name) == ("KILLED", 9, "second")
    assert ended.data.tags["mlflow.runName"] == "second"
    assert ended.info.artifact_uri == f"{experiment.artifact_location}/{run_id}/artifacts"


def test_the_fluent_interface_runs_nests_and_resumes(client: MlflowClient, experiment: Experiment) -> None:
    with mlflow.start_run(run_name="parent", description="why", tags={"team": "x"}) as parent:
        assert mlflow.active_run().info.run_id == parent.info.run_id
        with mlflow.start_run(nested=True) as child:
            assert mlflow.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert mlflow.get_parent_run(parent.info.run_id) is None
    assert mlflow.last_active_run().info.run_id == parent.info.run_id
    tags = client.get_run(parent.info.run_id).data.tags
    assert (tags["team"], tags["mlflow.note.content"]) == ("x", "why")
    with pytest.raises(ZeroDivisionError), mlflow.start_run(run_id=parent.info.run_id):
        _ = 1 / 0
    assert client.get_run(parent.info.run_id).info.status == "FAILED"
    mlflow.delete_run(child.info.run_id)
    assert mlflow.get_run(child.info.run_id).info.lifecycle_stage == "deleted"


def test_a_deleted_run_is_read_and_not_written(client: MlflowClient, experiment: Experiment) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id
    client.log_metric(run_id, "m", 1.0)
    client.delete_run(run_id)
    assert client.get_run(run_id).data.metrics == {"m": 1.0}
    for write in (
        lambda: client.log_metric(run_id, "m", 2.0),
        lambda: client.log_param(run_id, "p", "1"),
        lambda: client.set_tag(run_id, "t", "1"),
        lambda: client.delete_tag(run_id, "t"),
        lambda: client.update_run(run_id, status="FINISHED"),
    ):
        with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
            write()
    client.restore_run(run_id)
    client.log_metric(run_id, "m", 2.0, step=1)
    assert client.get_run(run_id).data.metrics == {"m": 2.0}
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_run("f" * 32)


def test_search_filters_orders_sees_stages_and_turns_pages(
    client: MlflowClient, experiment: Experiment
) -> None:
    ids = [experiment.experiment_id]
    for index, name in enumerate("abcde"):
        with mlflow.start_run(run_name=name) as run:
            mlflow.log_metric("loss", index % 3)
            mlflow.log_param("even", index % 2 == 0)
            mlflow.set_tag("place", name.upper())
    client.delete_run(run.info.run_id)

    def found(where: str = "", view: int = ViewType.ACTIVE_ONLY, order: str = "attributes.run_name") -> str:
        page = client.search_runs(ids, filter_string=where, run_view_type=view, order_by=[order])
        return "".join(run.info.run_name for run in page)

    assert found() == "abcd"
    assert found(view=ViewType.DELETED_ONLY) == "e"
    assert found(view=ViewType.ALL) == "abcde"
    assert found("metrics.loss < 1") == "ad"
    assert found("params.even = 'True' and tags.place != 'A'") == "c"
    assert found("attributes.status = 'FINISHED' AND run_name LIKE 'b%'") == "b"
    assert found(order="metrics.loss DESC")[0] == "c"
    assert found("tags.place IS NULL") == ""
    pages, token = [], None
    while token != "":
        page = client.search_runs(ids, max_results=3, page_token=token, order_by=["attributes.run_name"])
        pages.append("".join(run.info.run_name for run in page))
        token = page.token or ""
    assert pages == ["abc", "d"]
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_runs(ids, filter_string="metrics.loss = 'a'")

    frame = mlflow.search_runs(experiment_names=[experiment.name], order_by=["metrics.loss DESC"])
    assert frame["metrics.loss"].tolist() == [2.0, 1.0, 0.0, 0.0]
    assert set(frame["params.even"]) == {"True", "False"}
    listed = mlflow.search_runs(search_all_experiments=True, output_format="list", max_results=2)
    assert len(listed) == 2
