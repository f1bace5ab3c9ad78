"""What tells a team's runs apart: tags, names, notes and parents."""

import re

import mlflow
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused

COMMIT = "3f2a9c1d5e7b8a6f4c2d1e0b9a8f7c6d5e4b3a21"


def test_tags_say_who_and_from_which_commit(experiment: Experiment) -> None:
    with mlflow.start_run(tags={"team": "vision"}) as run:
        mlflow.set_tag("git.commit", COMMIT)
        mlflow.set_tags({"stage": "trial", "größe": "klein"})
    tags = mlflow.get_run(run.info.run_id).data.tags
    expected = {"team": "vision", "git.commit": COMMIT, "stage": "trial", "größe": "klein"}
    assert expected.items() <= tags.items()
    assert tags["mlflow.user"] == run.info.user_id
    found = mlflow.search_runs(filter_string=f"tags.`git.commit` = '{COMMIT}' AND tags.team = 'vision'")
    assert list(found["run_id"]) == [run.info.run_id]


def test_a_tag_can_be_changed_and_removed(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.set_tag("stage", "trial")
        mlflow.set_tag("stage", "final")
        assert client.get_run(run.info.run_id).data.tags["stage"] == "final"
        mlflow.delete_tag("stage")
        assert "stage" not in client.get_run(run.info.run_id).data.tags
        with refused("RESOURCE_DOES_NOT_EXIST"):
            mlflow.delete_tag("stage")


def test_a_run_has_the_name_that_it_was_given(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run(run_name="baseline, größer") as run:
        pass
    kept = client.get_run(run.info.run_id)
    assert kept.info.run_name == "baseline, größer"
    assert kept.data.tags["mlflow.runName"] == "baseline, größer"


def test_a_run_without_a_name_is_given_a_readable_one(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        pass
    name = client.get_run(run.info.run_id).info.run_name
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", name)


def test_a_run_can_be_renamed(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run(run_name="first") as run:
        pass
    client.update_run(run.info.run_id, name="second")
    assert client.get_run(run.info.run_id).info.run_name == "second"
    mlflow.MlflowClient().set_tag(run.info.run_id, "mlflow.runName", "third")
    renamed = client.get_run(run.info.run_id)
    assert (renamed.info.run_name, renamed.data.tags["mlflow.runName"]) == ("third", "third")


def test_a_run_carries_its_note(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run(description="Trained on the **cleaned** set.") as run:
        pass
    tags = client.get_run(run.info.run_id).data.tags
    assert tags["mlflow.note.content"] == "Trained on the **cleaned** set."


def test_children_are_found_by_their_parent(experiment: Experiment) -> None:
    with mlflow.start_run(run_name="sweep") as parent:
        children = []
        for trial in range(3):
            with mlflow.start_run(run_name=f"trial-{trial}", nested=True) as child:
                mlflow.log_metric("score", trial)
                children.append(child.info.run_id)
    with mlflow.start_run(run_name="not a child"):
        pass
    found = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.score ASC"]
    )
    assert list(found["run_id"]) == children
    assert mlflow.get_parent_run(children[0]).info.run_id == parent.info.run_id


def test_experiments_carry_tags(experiment: Experiment, client: MlflowClient) -> None:
    mlflow.set_experiment_tags({"team": "vision", "quarter": "3"})
    client.delete_experiment_tag(experiment.experiment_id, "quarter")
    tags = client.get_experiment(experiment.experiment_id).tags
    assert (tags.get("team"), tags.get("quarter")) == ("vision", None)
    found = mlflow.search_experiments(filter_string=f"tags.team = 'vision' AND name = '{experiment.name}'")
    assert [one.experiment_id for one in found] == [experiment.experiment_id]
