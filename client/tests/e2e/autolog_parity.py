"""What autologging left behind in an experiment, so that that of two clients can be compared.

Runs are named by `run_name` where the script gave one, else by their tag `estimator_name` and status; child
runs by their parent and params.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

import trackhelm
from client.tests.e2e.conftest import run_python
from client.tests.e2e.test_same_scripts import ours
from trackhelm.context import ENVIRONMENT_FILE
from trackhelm.entities import Run

SCRIPTS = Path(__file__).parent / "scripts" / "autolog"

ALLOWED: dict[str, list[tuple[str, str]]] = {
    "sklearn_training.py": [
        (
            "/folds",
            "MLflow logs the fits of a cross-validation that was imported before autologging was turned on",
        )
    ],
    "xgboost_training.py": [
        (
            "/forest, whose fit calls that of its base",
            "MLflow logs no more than the model of an estimator whose fit calls that of its base class",
        )
    ],
    "lightgbm_training.py": [],
    "keras_training.py": [],
    "tensorflow_training.py": [],
    "lightning_training.py": [],
}
"""Where what is left behind may differ, for each script: a pattern of paths in it, and the reason."""


@dataclass(frozen=True)
class Compared:
    """What the stock client and ours left behind, one beside the other."""

    runs: int
    differences: dict[str, tuple[Any, Any]]
    """Those that are not allowed: by their path, what the stock client has and what ours has."""
    unused: set[str]
    """The patterns of allowed differences that there are not."""


def compared(
    name: str,
    client: trackhelm.MlflowClient,
    tracking: str,
    folder: Path,
    pythons: tuple[str, str],
    variables: Mapping[str, str] | None = None,
) -> Compared:
    """Run a script by the stock client and by ours, and compare what is on the server then.

    Args:
        name: The script's name.
        client: Reads what is left behind.
        tracking: The server's address.
        folder: An empty folder.
        pythons: The Python of the stock client, and that of ours.
        variables: More variables of the environment.
    """
    left = []
    for number, python in enumerate(pythons):
        place = folder / str(number)
        place.mkdir()
        script = ours(SCRIPTS / name, place) if number else place / name
        if not number:
            script.write_text((SCRIPTS / name).read_text())
        experiment = f"{Path(name).stem}-{uuid.uuid4().hex[:8]}"
        run_python(
            python,
            script.name,
            experiment,
            cwd=place,
            is_ours=bool(number),
            variables={
                "MLFLOW_TRACKING_URI": tracking,
                "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
                "TRACKHELM_SPOOL_DIR": str(folder / "spool"),
                "CUDA_VISIBLE_DEVICES": "",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                **(variables or {}),
                # A failure of our own logging fails the script.
                **({"MLFLOW_AUTOLOGGING_TESTING": "true"} if number else {}),
            },
        )
        left.append(left_behind(client, experiment))
    stock, own = left
    found = differences(stock, own)
    patterns = {f"{pattern}(/.*)?" for pattern, _ in ALLOWED[name]}
    used = {pattern for pattern in patterns for path in found if re.fullmatch(pattern, path)}
    kept = {
        path: pair
        for path, pair in found.items()
        if not any(re.fullmatch(pattern, path) for pattern in patterns)
    }
    return Compared(len(stock), kept, patterns - used)


GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")
# TensorBoard's files are named by time, machine and process.
TIME_IN_NAME = re.compile(r"(?<=events\.out\.tfevents\.).*")
# How long a search took for a fit is another number each time.
SECONDS = re.compile(r"(mean|std)_(fit|score)_time")
# Of the run's surroundings, which other tests compare.
NOT_COMPARED = re.compile(r"mlflow\.(source\..*|user|runName|log-model\.history|runColor)|trackhelm\..*")


def left_behind(client: trackhelm.MlflowClient, experiment: str) -> dict[str, Any]:
    """Return what the runs of an experiment have, by their names."""
    found = client.get_experiment_by_name(experiment)
    assert found is not None, experiment
    runs = client.search_runs([found.experiment_id], order_by=["start_time ASC"])
    names = names_of(runs)
    return {names[run.info.run_id]: contents(client, run, names) for run in runs}


def names_of(runs: list[Run]) -> dict[str, str]:
    names: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for run in sorted(runs, key=lambda run: "mlflow.parentRunId" in run.data.tags):
        parent = run.data.tags.get("mlflow.parentRunId")
        name = run.info.run_name or ""
        if parent is not None:
            name = f"{names[parent]}/{sorted(run.data.params.items())}"
        elif GENERATED_NAME.fullmatch(name):
            name = f"managed {run.data.tags.get('estimator_name', '')} {run.info.status}"
        counted[name] += 1
        names[run.info.run_id] = name if counted[name] == 1 else f"{name} #{counted[name]}"
    return names


def contents(client: trackhelm.MlflowClient, run: Run, names: dict[str, str]) -> dict[str, Any]:
    run_id = run.info.run_id
    history = {key: client.get_metric_history(run_id, key) for key in run.data.metrics}
    return {
        "status": run.info.status,
        "params": run.data.params,
        "history": {
            key: [
                (point.step, "time" if SECONDS.fullmatch(key) else rounded(point.value))
                for point in sorted(points, key=lambda one: one.step)
            ]
            for key, points in history.items()
        },
        "measured on": {
            key: sorted({point.dataset_name or "" for point in points}) for key, points in history.items()
        },
        "tags": {
            key: names.get(value, value)
            for key, value in run.data.tags.items()
            if not NOT_COMPARED.fullmatch(key)
        },
        "files": files(client, run_id),
        "inputs": sorted(
            (
                used.dataset.name,
                used.dataset.source_type,
                sorted(json.loads(used.dataset.source)["tags"]),
                as_json(used.dataset.schema),
                as_json(used.dataset.profile),
                sorted((tag.key, tag.value) for tag in used.tags),
            )
            for used in (run.inputs.dataset_inputs if run.inputs else [])
        ),
        "models": sorted(
            (
                model(client, output.model_id, run_id)
                for output in (run.outputs.model_outputs if run.outputs else [])
            ),
            key=lambda one: (one["name"], str(one["params"])),
        ),
        "models read": len(run.inputs.model_inputs) if run.inputs else 0,
    }


def rounded(value: float) -> str:
    """Return a number as text: threads add up in another order each time."""
    return f"{value:.6g}"


def as_json(text: str | None) -> str:
    return json.dumps(json.loads(text), sort_keys=True) if text else ""


def files(client: trackhelm.MlflowClient, run_id: str, path: str = "") -> dict[str, Any]:
    """Return the files of a run, with what is in those of text that both clients write."""
    found: dict[str, Any] = {}
    for file in client.list_artifacts(run_id, path):
        if file.is_dir:
            found |= files(client, run_id, file.path)
        elif file.path != ENVIRONMENT_FILE:
            name = TIME_IN_NAME.sub("TIME", file.path)
            found[name] = content(client, run_id, file.path) if file.path.endswith(".json") else None
    return found


def content(client: trackhelm.MlflowClient, run_id: str, path: str) -> Any:
    with TemporaryDirectory() as place:
        text = Path(client.download_artifacts(run_id, path, place)).read_text(encoding="utf-8")
    return json.loads(text, parse_float=lambda number: rounded(float(number)))


def model(client: trackhelm.MlflowClient, model_id: str, run_id: str) -> dict[str, Any]:
    logged = client.get_logged_model(model_id)
    with TemporaryDirectory() as place:
        folder = Path(trackhelm.artifacts.download_artifacts(f"models:/{model_id}", dst_path=place))
        described = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
        names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        example = folder / "serving_input_example.json"
        rows = json.loads(example.read_text(encoding="utf-8")) if example.exists() else None
    return {
        "name": logged.name,
        "status": str(logged.status),
        "params": logged.params,
        "metrics": sorted(
            (
                metric.key,
                "time" if SECONDS.fullmatch(metric.key) else rounded(metric.value),
                metric.step,
                metric.dataset_name or "",
            )
            for metric in logged.metrics or ()
        ),
        "files": names,
        "signature": {
            part: as_json((described.get("signature") or {}).get(part))
            for part in ("inputs", "outputs", "params")
        },
        "example": rows,
        "example info": {
            key: (described.get("saved_input_example_info") or {}).get(key)
            for key in ("type", "pandas_orient")
        },
        "flavours": sorted(described["flavors"]),
        "format": {
            flavour: fields.get("serialization_format") or fields.get("model_format")
            for flavour, fields in described["flavors"].items()
        },
        "class": {flavour: fields.get("model_class") for flavour, fields in described["flavors"].items()},
    }


def differences(stock: Any, own: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Return where two trees differ: by the path, what the stock client has and what ours has."""
    if isinstance(stock, dict) and isinstance(own, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in [*stock, *(key for key in own if key not in stock)]:
            found |= differences(stock.get(key, "nothing"), own.get(key, "nothing"), f"{path}/{key}")
        return found
    if isinstance(stock, list) and isinstance(own, list) and len(stock) == len(own):
        found = {}
        for number, (theirs, ours) in enumerate(zip(stock, own, strict=True)):
            found |= differences(theirs, ours, f"{path}/{number}")
        return found
    return {} if stock == own else {path: (stock, own)}
