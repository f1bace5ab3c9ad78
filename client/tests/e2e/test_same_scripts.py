"""The same script, with the import line changed, leaves the same behind as with the stock client."""

import re
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.conftest import STOCK_PYTHON, needs_stock, run_python
from tests.e2e.server import ServerProcess
from trackhelm.context import ENVIRONMENT_FILE
from trackhelm.entities import Run

SCRIPTS = Path(__file__).parent / "scripts"

# What ours knows beside: changes of the working tree, and what is Trackhelm's own.
MORE_TAGS = re.compile(r"mlflow\.source\.git\.dirty|trackhelm\..*")
# Refused otherwise: the values with an exception that is MLflow's and a `TypeError`, the path with a better
# code.
OTHERWISE = {
    f"a {kind} as value TypeError": f"a {kind} as value MlflowException INVALID_PARAMETER_VALUE"
    for kind in ("text", "list")
} | {
    "a path outside MlflowException INTERNAL_ERROR": "a path outside MlflowException INVALID_PARAMETER_VALUE"
}
# A path of an image in a series ends in a random number, and a series of the stock client begins with one.
RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def ours(script: Path, folder: Path) -> Path:
    """Return the script with its import lines changed."""
    text = script.read_text()
    text = text.replace("import mlflow\n", "import trackhelm as mlflow\n").replace(
        "from mlflow", "from trackhelm"
    )
    # In a folder of its own, since the name of the script is a tag.
    changed = folder / script.name
    changed.write_text(text)
    return changed


@pytest.fixture
def outputs(request: pytest.FixtureRequest, tracking: str, tmp_path: Path) -> tuple[str, str]:
    """Run the script of the test by both clients, and return what they print: the stock client first."""
    script = SCRIPTS / request.param
    printed = []
    for number, python in enumerate([STOCK_PYTHON, sys.executable]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = ours(script, folder) if number else folder / script.name
        if not number:
            path.write_text(script.read_text())
        ended = run_python(
            python,
            script.name,
            f"{tmp_path.name}-{number}",
            cwd=folder,
            variables={
                "MLFLOW_TRACKING_URI": tracking,
                "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
                "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
            },
        )
        printed.append(ended.stdout)
    return printed[0], printed[1]


def files(client: trackhelm.MlflowClient, run: Run, path: str = "") -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for file in client.list_artifacts(run.info.run_id, path):
        if file.is_dir:
            found |= files(client, run, file.path)
        elif file.path != ENVIRONMENT_FILE:
            found[RANDOM.sub("RANDOM", file.path)] = file.file_size
    return found


def without_ids(value: str, ids: dict[str, str]) -> str:
    for run_id, name in ids.items():
        value = value.replace(run_id, name)
    return value


def left_behind(client: trackhelm.MlflowClient, experiment: str) -> dict[str, Any]:
    """Return what the runs of an experiment have, by their names."""
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    runs = client.search_runs([found.experiment_id])
    ids = {run.info.run_id: run.info.run_name or "" for run in runs}
    return {
        run.info.run_name or "": {
            "status": run.info.status,
            "user": run.info.user_id,
            "params": run.data.params,
            "metrics": {key: repr(value) for key, value in run.data.metrics.items()},
            "history": {
                key: [
                    (point.step, repr(point.value))
                    for point in client.get_metric_history(run.info.run_id, key)
                ]
                for key in run.data.metrics
            },
            "tags": {
                key: without_ids(value, ids)
                for key, value in run.data.tags.items()
                if not MORE_TAGS.fullmatch(key)
            },
            "files": files(client, run),
            "inputs": [
                (
                    used.dataset.name,
                    used.dataset.source_type,
                    used.dataset.schema,
                    used.dataset.profile,
                    *sorted((tag.key, tag.value) for tag in used.tags),
                )
                for used in (run.inputs.dataset_inputs if run.inputs else [])
            ],
        }
        for run in runs
    }


@needs_stock
@pytest.mark.parametrize("outputs", ["training.py"], indirect=True)
def test_a_training_script(outputs: tuple[str, str], client: trackhelm.MlflowClient, tmp_path: Path) -> None:
    stock, own = (left_behind(client, f"{tmp_path.name}-{number}") for number in range(2))
    assert set(stock) == set(own) == {"parent", "child", "second child"}
    for name, run in stock.items():
        for part, value in run.items():
            if part == "files":
                # The pixels of a compressed image are another library's choice.
                sizes = {path: size for path, size in value.items() if not path.endswith((".png", ".webp"))}
                assert own[name]["files"].keys() == value.keys()
                assert {path: own[name]["files"][path] for path in sizes} == sizes
            else:
                assert own[name][part] == value, (name, part)


def model(client: trackhelm.MlflowClient, name: str) -> dict[str, Any]:
    found = client.get_registered_model(name)
    return {
        "description": found.description,
        "tags": found.tags,
        "aliases": found.aliases,
        "versions": {
            version.version: (version.description, version.current_stage, version.tags, version.aliases)
            for version in client.search_model_versions(f"name = '{name}'")
        },
        "sources": {
            version.version: (version.source or "").rpartition("/")[2]
            for version in client.search_model_versions(f"name = '{name}'")
        },
    }


@needs_stock
@pytest.mark.parametrize("outputs", ["registry.py"], indirect=True)
def test_a_script_of_the_registry(
    outputs: tuple[str, str], client: trackhelm.MlflowClient, tmp_path: Path
) -> None:
    assert model(client, f"{tmp_path.name}-0") == model(client, f"{tmp_path.name}-1")


@needs_stock
@pytest.mark.parametrize("outputs", ["refusals.py"], indirect=True)
def test_what_is_refused(outputs: tuple[str, str]) -> None:
    stock, own = (text.splitlines() for text in outputs)
    assert sum(bool(re.search("Exception|Error", line)) for line in stock) > 25
    differs = {theirs: line for theirs, line in zip(stock, own, strict=True) if theirs != line}
    assert differs == OTHERWISE


@pytest.fixture(scope="module")
def stock_server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    process = ServerProcess(tmp_path_factory.mktemp("stock") / "data", stock=True)
    process.start()
    yield process
    process.stop()


@needs_stock
@pytest.mark.parametrize("script", ["training.py", "registry.py"])
def test_the_scripts_run_against_mlflows_own_server(
    script: str, stock_server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "spool"))
    name = f"{Path(script).stem}-{uuid.uuid4().hex[:8]}"
    run_python(
        sys.executable,
        ours(SCRIPTS / script, tmp_path),
        name,
        cwd=tmp_path,
        variables={
            "MLFLOW_TRACKING_URI": stock_server.url,
            "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
        },
    )
    client = trackhelm.MlflowClient(stock_server.url)
    runs = left_behind(client, name)
    assert all(run["status"] == "FINISHED" for run in runs.values())
    if script == "training.py":
        assert runs["parent"]["params"]["optimizer"] == "adam"
        assert len(runs["parent"]["history"]["loss"]) == 5
