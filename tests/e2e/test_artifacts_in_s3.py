"""The stock client against a server whose artifacts are in S3: through the server, and past it."""

import json
import os
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import numpy as np
import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities.multipart_upload import MultipartUploadCredential
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

from tests.e2e.polling import wait_until
from tests.e2e.server import STOCK, ServerProcess

pytestmark = [
    pytest.mark.skipif(STOCK, reason="starts Trackhelm with settings of its own"),
    # The active experiment of the test before is one of another server.
    pytest.mark.usefixtures("experiment"),
]

MEBIBYTE = 1024 * 1024
SIZE = 12 * MEBIBYTE + 5


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables by which a server reaches a running S3."""
    program = shutil.which(shlex.split(os.environ.get("SERVER_UNDER_TEST", "trackhelm-server"))[0])
    assert program
    command = [str(Path(program).with_name("python")), str(Path(__file__).parent / "scripts" / "runs_s3.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    folder = tmp_path_factory.mktemp("s3") / "data"
    with subprocess.Popen([*command, str(folder)], **pipes) as process:
        line = process.stdout.readline()
        assert line, "the S3 server did not start"
        yield json.loads(line)
        process.stdin.close()


@pytest.fixture(scope="module", params=["proxied", "direct", "direct below a path"])
def server(
    request: pytest.FixtureRequest, s3: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server over S3, whose clients may reach S3 themselves or not."""
    direct = {"TRACKHELM_ARTIFACTS_PRESIGNED": str(request.param.startswith("direct")).lower()}
    if request.param.endswith("below a path"):
        direct["TRACKHELM_PATH_PREFIX"] = "/trackhelm"
    environment = s3 | direct | {"TRACKHELM_LOG_LEVEL": "debug"}
    process = ServerProcess(tmp_path_factory.mktemp("server") / request.param, environment)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large file.bin"
    file.write_bytes(os.urandom(SIZE))
    return file


@pytest.fixture
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client move files of 10 MiB as it moves those of 500 else: in parts, if it may."""
    for what in ("UPLOAD", "DOWNLOAD"):
        monkeypatch.setenv(f"MLFLOW_MULTIPART_{what}_MINIMUM_FILE_SIZE", str(10 * MEBIBYTE))
        monkeypatch.setenv(f"MLFLOW_MULTIPART_{what}_CHUNK_SIZE", str(5 * MEBIBYTE))


@pytest.mark.usefixtures("_in_parts")
def test_a_large_file_comes_back_as_it_was(server: ServerProcess, large: Path, tmp_path: Path) -> None:
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(large), "deep/er")
    fetched = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path=f"deep/er/{large.name}", dst_path=str(tmp_path / "fetched")
    )
    assert Path(fetched).read_bytes() == large.read_bytes()

    path = f"{run.info.artifact_uri.removeprefix('mlflow-artifacts:/')}/deep/er/{large.name}"
    etag = httpx.head(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{path}").headers["etag"]
    said = server.log_tail()
    if server.data.name.startswith("direct"):
        # Three parts of 5 MiB, where the server itself makes parts of 8.
        assert etag.endswith('-3"')
        assert "/mpu/complete/" in said
        assert "/presigned/" in said
    else:
        assert etag.endswith('-2"')
        assert "/mpu/" not in said
        assert "/presigned/" not in said


@pytest.mark.parametrize("server", ["direct"], indirect=True)
@pytest.mark.usefixtures("_in_parts")
def test_an_upload_whose_part_fails_leaves_nothing_and_can_be_sent_again(
    server: ServerProcess, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = HttpArtifactRepository._upload_part

    def fail_once(credential: MultipartUploadCredential, **how: object) -> object:
        if credential.part_number == 2:
            raise ConnectionError("the network went")
        return send(credential, **how)

    client = MlflowClient()
    with mlflow.start_run() as run:
        with monkeypatch.context() as patch:
            patch.setattr(HttpArtifactRepository, "_upload_part", staticmethod(fail_once))
            with pytest.raises(MlflowException, match="at least one part"):
                mlflow.log_artifact(str(large))
        # The log is written by a thread of its own, which may come after the answer.
        wait_until(lambda: "/mpu/abort/" in server.log_tail(), seconds=60, what="the upload to be aborted")
        assert client.list_artifacts(run.info.run_id) == []
        mlflow.log_artifact(str(large))
    (file,) = client.list_artifacts(run.info.run_id)
    assert (file.path, file.file_size) == (large.name, SIZE)


def test_what_is_logged_without_a_file_is_read_back(server: ServerProcess) -> None:
    figure = Figure()
    figure.subplots().plot([1, 2])
    with mlflow.start_run() as run:
        mlflow.log_text("größe", "t.txt")
        mlflow.log_dict({"a": [1]}, "deep/d.json")
        mlflow.log_figure(figure, "f.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
        for row in (1, 2):
            mlflow.log_table({"x": [row]}, "table.json")
    root = f"runs:/{run.info.run_id}"
    assert mlflow.artifacts.load_text(f"{root}/t.txt") == "größe"
    assert mlflow.artifacts.load_dict(f"{root}/deep/d.json") == {"a": [1]}
    assert mlflow.artifacts.load_image(f"{root}/f.png").size == tuple(map(int, figure.bbox.size))
    assert mlflow.artifacts.load_image(f"{root}/black.png").size == (4, 4)
    assert mlflow.load_table("table.json", run_ids=[run.info.run_id])["x"].tolist() == [1, 2]


def test_a_tree_of_files_is_listed_and_fetched(server: ServerProcess, tmp_path: Path) -> None:
    files = {"a.txt": "a", "sub/b c.txt": "b", "sub/deep/größe.txt": "ü", "sub/empty": ""}
    for path, text in files.items():
        file = tmp_path / "tree" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "tree"), "tree")
    client = MlflowClient()
    listed = client.list_artifacts(run.info.run_id, "tree/sub")
    assert [(file.path, file.is_dir) for file in listed] == [
        ("tree/sub/b c.txt", False),
        ("tree/sub/deep", True),
        ("tree/sub/empty", False),
    ]
    fetched = Path(client.download_artifacts(run.info.run_id, "tree", str(tmp_path)))
    found = {
        file.relative_to(fetched).as_posix(): file.read_text()
        for file in (tmp_path / "tree").rglob("*")
        if file.is_file()
    }
    assert found == files


def test_a_model_is_logged_and_loaded(server: ServerProcess) -> None:
    class Doubles(mlflow.pyfunc.PythonModel):
        def predict(self, context: object, model_input: list[float]) -> list[float]:
            return [2 * number for number in model_input]

    name = f"doubles-{uuid.uuid4().hex[:8]}"
    with mlflow.start_run():
        mlflow.pyfunc.log_model(name="model", python_model=Doubles(), registered_model_name=name)
    assert mlflow.pyfunc.load_model(f"models:/{name}/1").predict([1.0, 2.5]) == [2.0, 5.0]
