"""Models that are asked and served in environments of their own, which are made by venv or by uv."""

import json
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.install.conftest import CONSTRAINTS, ENVIRONMENT, run
from trackhelm_stack.program import free_ports

pytestmark = pytest.mark.timeout(900)

SAVE = """
import sys, pandas as pd, trackhelm as mlflow
from sklearn.linear_model import LinearRegression
data = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
model = LinearRegression().fit(data, [3.0, 5.0, 7.0])
mlflow.sklearn.save_model(model, sys.argv[1], input_example=data)
data.to_csv(sys.argv[2], index=False)
"""


@pytest.fixture(scope="module")
def python(client_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the client, and what a model of scikit-learn needs."""
    folder = tmp_path_factory.mktemp("client-models") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    wanted = f"trackhelm[serve] @ {client_wheel.as_uri()}"
    run(
        *pip,
        "install",
        "--quiet",
        "-c",
        CONSTRAINTS,
        wanted,
        "scikit-learn",
        "skops",
        "uv==0.13.9",
        cwd=folder,
    )
    return python


@pytest.mark.parametrize("manager", ["virtualenv", "uv"])
def test_a_model_runs_in_its_own_environment(manager: str, python: Path, tmp_path: Path) -> None:
    cache, model, rows, answers = (tmp_path / name for name in ("cache", "model", "in.csv", "out.json"))
    run(python, "-c", SAVE, model, rows, cwd=tmp_path)
    path = f"{python.parent}:{ENVIRONMENT['PATH']}"
    environment = {"XDG_CACHE_HOME": str(cache), "PATH": path}
    command: list[str | Path] = [python, "-m", "trackhelm", "models"]
    asked: list[str | Path] = ["-m", model, "--env-manager", manager]
    run(*command, "predict", *asked, "-i", rows, "-o", answers, cwd=tmp_path, **environment)
    assert json.loads(answers.read_text())["predictions"] == pytest.approx([3.0, 5.0, 7.0])

    (made,) = (cache / "trackhelm" / "environments").iterdir()
    (packages,) = made.glob("lib/*/site-packages")
    assert (packages / "sklearn").is_dir()
    assert not (packages / "mlflow").exists()
    (port,) = free_ports(1)
    served = [str(word) for word in (*command, "serve", *asked, "-p", str(port))]
    program, predictions = asked_server(served, ENVIRONMENT | environment, port, rows)
    assert Path(program).parents[1] == made
    assert predictions == pytest.approx([3.0, 5.0, 7.0])


def asked_server(
    command: list[str], environment: dict[str, str], port: int, rows: Path
) -> tuple[str, list[float]]:
    """Return which program serves the model, and what it answers. It ends well on SIGTERM."""
    process = subprocess.Popen(command, env=environment, cwd=rows.parent)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", rows.read_bytes(), {"Content-Type": "text/csv"}
    )
    try:
        until = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    found = json.load(answer)["predictions"]
                break
            except URLError:
                assert process.poll() is None, "it ended"
                assert time.monotonic() < until, "it does not answer"
                time.sleep(0.1)
        running = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        return running.split(b"\0")[0].decode(), found
    finally:
        process.terminate()
        assert process.wait(60) == 0
