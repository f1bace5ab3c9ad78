"""`trackhelm models predict`, `dockerfile` and `deploy-spec`, and the program that an image starts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.conftest import SOURCE, run_python
from client.tests.e2e.test_serving import SPLIT, Scoring, frame
from tests.e2e.polling import wait_until

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")
pytest.importorskip("skops")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that adds up the columns."""
    from sklearn.linear_model import LinearRegression

    folder = tmp_path_factory.mktemp("model") / "sum"
    line = LinearRegression().fit(frame(), frame().sum(axis=1))
    signature = trackhelm.models.infer_signature(frame(), line.predict(frame()))
    trackhelm.sklearn.save_model(line, folder, signature=signature)
    return folder


def command(*words: str | Path, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run_python(sys.executable, "-m", "trackhelm", "models", *words, cwd=folder, check=check)


@pytest.mark.parametrize("source", ["csv", "jsonl", "parquet", "json"])
@pytest.mark.parametrize("target", ["json", "csv", "parquet", "jsonl"])
def test_a_file_is_predicted_in_parts(source: str, target: str, model: Path, tmp_path: Path) -> None:
    from trackhelm.serving import batch

    data = frame(1_000)
    given, made = tmp_path / f"in.{source}", tmp_path / f"out.{target}"
    if source == "csv":
        data.to_csv(given, index=False)
    elif source == "parquet":
        data.to_parquet(given)
    elif source == "jsonl":
        data.to_json(given, orient="records", lines=True)
    else:
        given.write_text(json.dumps({"dataframe_split": data.to_dict(orient="split")}))
    loaded = trackhelm.pyfunc.load_model(model)
    told: list[int] = []
    count = batch.predict(
        loaded, str(given), str(made), source, target, rows=64, progress=lambda rows, _read: told.append(rows)
    )
    assert count == 1_000
    assert len(told) == (1 if source == "json" else 16)
    if target == "json":
        found = json.loads(made.read_text())["predictions"]
    elif target == "jsonl":
        found = [json.loads(line) for line in made.read_text().splitlines()]
    else:
        found = (pd.read_csv if target == "csv" else pd.read_parquet)(made)["prediction"]
    np.testing.assert_allclose(found, data.sum(axis=1), atol=1e-9)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_the_command_reads_what_mlflows_does(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps({"dataframe_split": SPLIT}))
    told = command("predict", "-m", model, "-i", "in.json", folder=tmp_path)
    assert json.loads(told.stdout)["predictions"] == pytest.approx([10.0, 2.5])
    (tmp_path / "in.csv").write_text("a,b,c,d\n1,2,3,4\n")
    command("predict", "-m", model, "-i", "in.csv", "-o", "out.json", folder=tmp_path)
    assert json.loads((tmp_path / "out.json").read_text())["predictions"] == pytest.approx([10.0])


def test_a_bad_line_leaves_no_output(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b,c,d\n" + "1,2,3,4\n" * 100 + "x,2,3,4\n")
    arguments = ("predict", "-m", model, "-i", "in.csv", "-o", "out.csv", "--rows", "10")
    ended = command(*arguments, folder=tmp_path, check=False)
    assert ended.returncode == 1
    assert "Failed to parse input" in ended.stderr
    assert not (tmp_path / "out.csv").exists()


@pytest.fixture
def context(model: Path, tmp_path: Path) -> Path:
    command("dockerfile", "-m", model, "-o", "image", "--allow-pickle", folder=tmp_path)
    return tmp_path / "image"


def test_a_build_context(context: Path, model: Path) -> None:
    assert {path.name for path in context.iterdir()} == {
        "Dockerfile",
        ".dockerignore",
        "model",
        "trackhelm",
        "requirements.txt",
    }
    lines = (context / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in lines), lines
    names = {line.partition("==")[0].lower() for line in lines}
    assert {"scikit-learn", "skops", "uvicorn", "orjson", "scipy", "click"} <= names
    assert not {name for name in names if name.startswith("mlflow")}
    text = (context / "Dockerfile").read_text()
    assert "USER 10001" in text
    assert "mlflow" not in text.replace("MLFLOW_ALLOW", "")
    copied = {path.relative_to(context / "trackhelm") for path in (context / "trackhelm").rglob("*.py")}
    assert copied == {path.relative_to(SOURCE / "trackhelm") for path in (SOURCE / "trackhelm").rglob("*.py")}


def test_hadolint_finds_nothing(context: Path) -> None:
    import shlex

    server = shlex.split(os.environ.get("SERVER_UNDER_TEST", "trackhelm-server"))[0]
    hadolint = Path(server).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not beside the server under test")
    ended = subprocess.run([hadolint, context / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_image_serves_as_sagemaker_starts_it(context: Path, tmp_path: Path, workers: str) -> None:
    """The image's own copy of the package, its entry point, SageMaker's argument and variables."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    layout = tmp_path / "opt" / "ml"
    layout.mkdir(parents=True)
    (context / "model").rename(layout / "model")
    told = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(context),
        "TRACKHELM_MODEL_DIR": str(layout / "model"),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "MODEL_SERVER_WORKERS": workers,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true",
    }
    log = tmp_path / "image.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "trackhelm.serving.container", "serve"],
            env=told,
            cwd=layout,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Scoring(process, port, log)
    try:
        wait_until(server.is_up, seconds=120, what="the image's server")
        assert server.get("/ping")[0] == 200
        status, _, body = server.ask({"dataframe_split": SPLIT})
        assert (status, json.loads(body)["predictions"]) == (200, pytest.approx([10.0, 2.5]))
        assert server.ask("a,b,c,d\n1,2,3,4\n", "text/csv")[0] == 200
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()


def test_manifests_for_kubernetes(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    given = ("--name", "iris", "--image", "registry.example/iris@sha256:" + "0" * 64)
    told = command("deploy-spec", *given, "--target", "deployment", "--replicas", "3", folder=tmp_path).stdout
    deployment, service = yaml.safe_load_all(told)
    validate = pytest.importorskip("kubernetes_validate").validate
    for document in (deployment, service):
        validate(document, "1.33", strict=True)
    assert deployment["spec"]["replicas"] == 3
    assert service["spec"]["ports"][0]["targetPort"] == 8080
    (kserve,) = yaml.safe_load_all(
        command("deploy-spec", *given, "--target", "kserve", folder=tmp_path).stdout
    )
    predictor = kserve["spec"]["predictor"]
    assert kserve["apiVersion"] == "serving.kserve.io/v1beta1"
    # What KServe makes of it is a pod, by Kubernetes' own schema.
    pod = {name: value for name, value in predictor.items() if name != "minReplicas"}
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}, "1.33", strict=True)
    assert (
        command("deploy-spec", "--name", "A_b", "--image", "x", folder=tmp_path, check=False).returncode == 1
    )


def test_requests_for_sagemaker(tmp_path: Path) -> None:
    loaders = pytest.importorskip("botocore.loaders")
    from botocore.model import ServiceModel
    from botocore.validate import ParamValidator

    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/iris:1"
    role = "arn:aws:iam::123456789012:role/models"
    more = ("-C", f"execution_role_arn={role}", "-C", "instance_type=ml.c5.large")
    words = ("deploy-spec", "--name", "iris", "--image", image, "--target", "sagemaker", *more)
    told: dict[str, Any] = json.loads(command(*words, folder=tmp_path).stdout)
    service = ServiceModel(loaders.Loader().load_service_model("sagemaker", "service-2"))
    names = {
        "create_model": "CreateModel",
        "create_endpoint_config": "CreateEndpointConfig",
        "create_endpoint": "CreateEndpoint",
    }
    assert set(told) == set(names)
    for name, request in told.items():
        report = ParamValidator().validate(request, service.operation_model(names[name]).input_shape)
        assert not report.has_errors(), report.generate_report()
    assert told["create_model"]["ExecutionRoleArn"] == role
