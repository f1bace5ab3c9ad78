"""A script that registers models, moves stages and aliases, and finds them again."""

import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

name = sys.argv[1]
mlflow.set_experiment(name)
client = MlflowClient()
Path("model").mkdir(exist_ok=True)
Path("model/MLmodel").write_text("flavors: {}\n")
with mlflow.start_run(run_name="trains") as run:
    mlflow.log_artifacts("model", "model")
first = mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags={"from": "run"})
second = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
assert (first.version, second.version) in [("1", "2"), (1, 2)]
client.update_registered_model(name, description="of both clients")
client.set_registered_model_tag(name, "team", "vision")
client.set_model_version_tag(name, "1", "checked", True)
mlflow.set_model_version_tag(name, "2", "checked", "no")
client.update_model_version(name, "1", "the first")
client.set_registered_model_alias(name, "champion", "1")
client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
assert client.get_model_version_by_alias(name, "champion").version in ("1", 1)
assert [one.current_stage for one in client.get_latest_versions(name, ["Production"])] == ["Production"]
found = mlflow.search_model_versions(filter_string=f"name = '{name}'")
assert len(found) == 2
assert [model.name for model in mlflow.search_registered_models(filter_string=f"name = '{name}'")] == [name]
local = mlflow.artifacts.download_artifacts(f"models:/{name}@champion")
assert Path(local, "MLmodel").read_text() == "flavors: {}\n"
client.delete_model_version_tag(name, "2", "checked")
try:
    client.create_registered_model(name)
except MlflowException as error:
    assert error.error_code == "RESOURCE_ALREADY_EXISTS"
else:
    raise AssertionError("the name was free")
try:
    client.get_model_version(name, "77")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
else:
    raise AssertionError("there was a version 77")
copied = client.copy_model_version(f"models:/{name}/1", f"{name}-copy")
assert copied.name == f"{name}-copy"
client.rename_registered_model(f"{name}-copy", f"{name}-renamed")
client.delete_registered_model(f"{name}-renamed")
