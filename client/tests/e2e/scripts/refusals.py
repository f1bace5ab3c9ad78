"""What is refused: each line of the output names the exception and its code."""

import sys

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

mlflow.set_experiment(sys.argv[1])


def tried(name, action, *arguments, **named):
    try:
        action(*arguments, **named)
    except MlflowException as error:
        print(name, "MlflowException", error.error_code)
    except Exception as error:
        print(name, type(error).__name__)
    else:
        print(name, "taken")


client = MlflowClient()
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    tried("the same param", mlflow.log_param, "depth", 3)
    tried("another value", mlflow.log_param, "depth", 4)
    tried("a bad metric name", mlflow.log_metric, "a//b", 1)
    tried("a metric name of a path", mlflow.log_metric, "../b", 1)
    tried("a character", mlflow.log_metric, "a?b", 1)
    tried("a long metric name", mlflow.log_metric, "x" * 251, 1)
    tried("a text as value", mlflow.log_metric, "loss", "much")
    tried("no value", mlflow.log_metric, "loss", None)
    tried("a list as value", mlflow.log_metric, "loss", [1, 2])
    tried("a bad param name", mlflow.log_param, "a?b", 1)
    tried("a bad tag name", mlflow.set_tag, "/a", 1)
    tried("a long param value", mlflow.log_param, "long", "x" * 7_000)
    tried("a second run", mlflow.start_run)
    tried("a path outside", mlflow.log_text, "x", "../x.txt")
    tried("a file that is not there", mlflow.log_artifact, "nothing-here.txt")
    tried("a folder that is not there", mlflow.log_artifacts, "nothing-here")
    tried("a tag that is not there", mlflow.delete_tag, "nothing")
    tried("a table of another kind", mlflow.log_table, {"a": [1]}, "t.csv")
    tried("a figure of another kind", mlflow.log_figure, object(), "f.png")
    tried("an image of another kind", mlflow.log_image, object(), "i.png")
    tried("an image with two names", mlflow.log_image, object(), "i.png", key="k")
tried("a run that is not there", mlflow.get_run, "0" * 32)
tried("an experiment without a name", mlflow.create_experiment, "")
tried("an experiment twice", mlflow.create_experiment, sys.argv[1])
tried("an experiment that is not there", client.get_experiment, "123456789")
tried("no experiment of a name", mlflow.get_experiment_by_name, "no such experiment")
tried("neither name nor id", mlflow.set_experiment)
tried("a bad filter", mlflow.search_runs, filter_string="metrics.loss ~ 1")
tried("a bad format", mlflow.search_runs, output_format="xml")
tried("a bad status", mlflow.end_run, "DONE")
tried("a model without a name", client.create_registered_model, "")
tried("a bad model name", client.create_registered_model, "a/b")
client.create_registered_model(sys.argv[1])
tried("a bad alias", client.set_registered_model_alias, sys.argv[1], "v1", "1")
tried("a model URI", mlflow.register_model, "models:/nothing", "m")
tried("both run and uri", mlflow.artifacts.download_artifacts, artifact_uri="runs:/a/b", run_id="a")
