"""The scoring server: MLflow's contract, request by request beside MLflow's own server, and what is ours."""

import base64
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.conftest import SOURCE, STOCK_PYTHON, needs_stock
from tests.e2e.polling import wait_until

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")
pytest.importorskip("uvicorn")

COLUMNS = ["a", "b", "c", "d"]


def frame(rows: int = 40) -> Any:
    return pd.DataFrame(np.random.default_rng(7).normal(size=(rows, 4)), columns=COLUMNS)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models: `line` takes columns, `tensor` an array, `bare` anything; `own` and `chat` are classes."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    folder = tmp_path_factory.mktemp("models")
    data = frame()
    line = LinearRegression().fit(data, data.sum(axis=1))
    signature = trackhelm.models.infer_signature(data, line.predict(data))
    trackhelm.sklearn.save_model(line, folder / "line", signature=signature)
    array = data.to_numpy()
    classifier = LogisticRegression().fit(array, array[:, 0] > 0)
    trackhelm.sklearn.save_model(
        classifier, folder / "tensor", signature=trackhelm.models.infer_signature(array)
    )
    trackhelm.sklearn.save_model(LinearRegression().fit(array, array[:, 0]), folder / "bare")
    (folder / "own.py").write_text(
        "import time\n"
        "import mlflow\n"
        "class Own(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        params = params or {}\n"
        "        if 'wait' in params:\n"
        "            time.sleep(params['wait'])\n"
        "        if params.get('fail'):\n"
        "            raise ValueError('on purpose')\n"
        "        if isinstance(model_input, dict) and 'messages' in model_input:\n"
        "            return {'choices': len(model_input['messages'])}\n"
        "        return [len(model_input), params.get('times', 1)]\n"
        "mlflow.models.set_model(Own())\n"
    )
    params = {"wait": 0.0, "fail": False, "times": 1}
    trackhelm.pyfunc.save_model(
        folder / "own",
        python_model=str(folder / "own.py"),
        signature=trackhelm.models.infer_signature(data, params=params),
    )
    (folder / "chat.py").write_text((folder / "own.py").read_text())
    trackhelm.pyfunc.save_model(folder / "chat", python_model=str(folder / "chat.py"))
    return folder


class Scoring:
    """A scoring server as a program."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def ask(
        self,
        body: bytes | str | Any,
        content_type: str | None = "application/json",
        path: str = "/invocations",
        **headers: str,
    ) -> tuple[int, str, bytes]:
        """Return the status, the type and the body that are answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        content = (
            body
            if isinstance(body, bytes)
            else (body if isinstance(body, str) else json.dumps(body)).encode()
        )
        told = {**({"Content-Type": content_type} if content_type else {}), **headers}
        connection.request("POST", path, content, told)
        answer = connection.getresponse()
        found = answer.status, answer.headers.get("Content-Type", "").partition(";")[0], answer.read()
        connection.close()
        return found

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def is_up(self) -> bool:
        """Return whether it answers; raises if it has ended."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/ping")[0] == 200
        except OSError:
            return False


@contextmanager
def serving(
    model: str | Path,
    folder: Path,
    *options: str,
    stock: bool = False,
    variables: dict[str, str] | None = None,
) -> Iterator[Scoring]:
    """Start a server of a model, ours or MLflow's own, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / f"serving-{port}.log"
    program = [STOCK_PYTHON, "-m", "mlflow"] if stock else [sys.executable, "-m", "trackhelm"]
    more = ["--env-manager", "local"] if stock else []
    command = [
        *program,
        "models",
        "serve",
        "-m",
        str(model),
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        *more,
        *options,
    ]
    environment = {
        **os.environ,
        "PATH": f"{Path(program[0]).parent}:/usr/bin:/bin",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true",
        "TRACKHELM_SPOOL_DIR": str(folder / "spool"),
        **(variables or {}),
    }
    environment.pop("PYTHONPATH", None)
    if not stock:
        environment["PYTHONPATH"] = str(SOURCE)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    found = Scoring(process, port, log)
    try:
        wait_until(found.is_up, seconds=300, what="the scoring server")
        yield found
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


ROW = [1.0, 2.0, 3.0, 4.0]
SPLIT = {"columns": COLUMNS, "data": [ROW, [0.5, -1.0, 2.0, 1.0]]}


def parquet() -> bytes:
    content = io.BytesIO()
    pd.DataFrame([ROW], columns=COLUMNS).to_parquet(content)
    return content.getvalue()


def requests() -> list[tuple[str, Any, str | None]]:
    """What is asked of both servers: the model, the body and its type."""
    js = "application/json"
    records = [dict(zip(COLUMNS, ROW, strict=True))]
    named = {name: [value] for name, value in zip(COLUMNS, ROW, strict=True)}
    found: list[tuple[str, Any, str | None]] = []
    for model in ("line", "tensor", "bare"):
        found += [
            (model, {"dataframe_split": SPLIT}, js),
            (model, {"dataframe_split": SPLIT}, f"{js}; charset=utf-8"),
            (model, {"dataframe_split": SPLIT}, f"{js}; charset=latin-1"),
            (model, {"dataframe_split": SPLIT}, f"{js}; format=pandas-split"),
            (model, {"dataframe_split": SPLIT}, "text/plain"),
            (model, {"dataframe_split": {"data": [ROW]}}, js),
            (model, {"dataframe_split": {**SPLIT, "index": [7, 9]}}, js),
            (model, {"dataframe_split": {"columns": COLUMNS}}, js),
            (model, {"dataframe_split": {**SPLIT, "more": 1}}, js),
            (model, {"dataframe_split": [ROW]}, js),
            (model, {"dataframe_records": records}, js),
            (model, {"dataframe_records": records[0]}, js),
            (model, {"dataframe_records": [{**records[0], "more": 1}]}, js),
            (model, {"dataframe_records": [{"a": 1.0}]}, js),
            (model, {"instances": records}, js),
            (model, {"instances": [ROW]}, js),
            (model, {"inputs": named}, js),
            (model, {"inputs": [ROW]}, js),
            (model, {"inputs": {"a": [1.0]}}, js),
            (model, {"dataframe_split": {"columns": COLUMNS, "data": [[1, 2, 3, 4]]}}, js),
            (model, {"dataframe_split": {"columns": COLUMNS, "data": [["x", 2, 3, 4]]}}, js),
            (model, {"dataframe_split": {"columns": COLUMNS, "data": [[None, 2, 3, 4]]}}, js),
            (model, {"dataframe_split": {"columns": COLUMNS, "data": []}}, js),
            (model, {"dataframe_split": SPLIT, "inputs": [ROW]}, js),
            (model, {"dataframe_split": SPLIT, "params": {"unknown": 1}}, js),
            (model, {"signature_name": "x", "inputs": [ROW]}, js),
            (model, {}, js),
            (model, [ROW], js),
            (model, "no JSON", js),
            (model, "7", js),
            (model, b"\xff\xfe", js),
            (model, "a,b,c,d\n1.0,2.0,3.0,4.0\n", "text/csv"),
            (model, "d,c,b,a\n4,3,2,1\n", "text/csv; charset=utf-8"),
            (model, "a,b\n1,2\n", "text/csv"),
            (model, "", "text/csv"),
            (model, b"\xff\xfe", "text/csv"),
            (model, parquet(), "application/vnd.apache.parquet"),
            (model, b"none", "application/vnd.apache.parquet"),
        ]
    split = {"dataframe_split": SPLIT}
    found += [
        ("own", split, js),
        ("own", {**split, "params": {"times": 3}}, js),
        ("own", {**split, "params": {"times": "3"}}, js),
        ("own", {**split, "params": {"fail": True}}, js),
        ("own", {**split, "params": {"unknown": 3}}, js),
        ("own", {**split, "params": [1]}, js),
        ("chat", {"messages": [{"role": "user", "content": "hi"}]}, js),
        ("chat", {"inputs": ["a", "b"]}, js),
        ("chat", {"inputs": "a"}, js),
    ]
    return found


# What ours answers and MLflow's server refuses: CSV for a model whose signature is of tensors.
MORE = {("tensor", "text/csv"), ("tensor", "text/csv; charset=utf-8")}


def outcome(answer: tuple[int, str, bytes]) -> Any:
    """What of an answer is the contract: the status and type, the predictions, or the error's code."""
    status, media_type, body = answer
    if media_type != "application/json":
        return status, media_type, body[:40]
    told = json.loads(body)
    if status != 200:
        return status, told["error_code"]
    if not isinstance(told, dict) or "predictions" not in told:
        return status, told
    return status, np.asarray(told["predictions"], dtype=object).tolist()


def same(one: Any, other: Any) -> bool:
    if one == other:
        return True
    if one[0] != other[0] or one[0] != 200:
        return False
    try:
        return bool(np.allclose(np.asarray(one[1], dtype=float), np.asarray(other[1], dtype=float)))
    except (TypeError, ValueError):
        return False


@needs_stock
@pytest.mark.parametrize("model", ["line", "tensor", "bare", "own", "chat"])
def test_every_request_is_answered_as_mlflows_server_does(model: str, models: Path, tmp_path: Path) -> None:
    asked = [(body, kind) for name, body, kind in requests() if name == model]
    with serving(models / model, tmp_path, stock=True) as stock, serving(models / model, tmp_path) as ours:
        differs = []
        for body, kind in asked:
            theirs, own = outcome(stock.ask(body, kind)), outcome(ours.ask(body, kind))
            if not same(theirs, own) and (model, kind) not in MORE:
                differs.append((str(body)[:80], kind, theirs, own))
        for path in ("/ping", "/health"):
            assert ours.get(path) == stock.get(path)
        assert ours.get("/version") == (200, b"3.17.2")
        assert stock.get("/version")[0] == 200
    assert not differs, "\n".join(map(str, differs))


@pytest.fixture
def line(models: Path, tmp_path: Path) -> Iterator[Scoring]:
    with serving(models / "line", tmp_path) as found:
        yield found


def test_the_open_inference_protocol(line: Scoring) -> None:
    assert json.loads(line.get("/v2/health/live")[1]) == {"live": True}
    assert json.loads(line.get("/v2/health/ready")[1]) == {"ready": True}
    assert json.loads(line.get("/v2")[1])["extensions"] == ["binary_tensor_data"]
    assert json.loads(line.get("/v2/models/model/ready")[1]) == {"name": "model", "ready": True}
    told = json.loads(line.get("/v2/models/model")[1])
    assert told["inputs"] == [{"name": name, "datatype": "FP64", "shape": [-1]} for name in COLUMNS]
    assert line.get("/v2/models/other")[0] == 404
    columns = [
        {"name": name, "shape": [2], "datatype": "FP64", "data": [ROW[place], 0.0]}
        for place, name in enumerate(COLUMNS)
    ]
    matrix = [{"name": "x", "shape": [2, 4], "datatype": "FP32", "data": [ROW, [0, 0, 0, 0]]}]
    for inputs in (columns, matrix):
        status, _, body = line.ask({"id": "7", "inputs": inputs}, path="/v2/models/model/infer")
        assert status == 200, body
        answer = json.loads(body)
        (output,) = answer["outputs"]
        assert (answer["id"], answer["model_name"]) == ("7", "model")
        assert (output["shape"], output["datatype"]) == ([2], "FP64")
        assert output["data"] == pytest.approx([10.0, 0.0], abs=1e-6)
    refused: list[dict[str, Any]] = [
        {},
        {"inputs": []},
        {"inputs": [{"name": "x"}]},
        {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP99", "data": []}]},
        {"inputs": [{"name": "x", "shape": [3, 4], "datatype": "FP64", "data": [1]}]},
        {"inputs": columns[:1]},
    ]
    for wrong in refused:
        status, _, body = line.ask(wrong, path="/v2/models/model/infer")
        assert status == 400, body
        assert json.loads(body)["error"]


def test_the_binary_extension(line: Scoring) -> None:
    content = np.array([ROW, [0, 0, 0, 0]], dtype="<f8").tobytes()
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "x",
                    "shape": [2, 4],
                    "datatype": "FP64",
                    "parameters": {"binary_data_size": len(content)},
                }
            ],
            "outputs": [{"name": "y", "parameters": {"binary_data": True}}],
        }
    ).encode()
    connection = http.client.HTTPConnection("127.0.0.1", line.port, timeout=60)
    told = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    connection.request("POST", "/v2/models/model/infer", head + content, told)
    answer = connection.getresponse()
    body, begins = answer.read(), int(answer.headers["Inference-Header-Content-Length"])
    connection.close()
    (output,) = json.loads(body[:begins])["outputs"]
    assert output["name"] == "y"
    assert output["parameters"] == {"binary_data_size": 16}
    assert np.frombuffer(body[begins:], "<f8") == pytest.approx([10.0, 0.0], abs=1e-6)


def test_a_client_of_triton(line: Scoring) -> None:
    triton = pytest.importorskip("tritonclient.http")
    client = triton.InferenceServerClient(f"127.0.0.1:{line.port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("model")
    assert client.get_model_metadata("model")["name"] == "model"
    data = np.array([ROW, [0, 0, 0, 0]])
    for is_binary in (True, False):
        given = triton.InferInput("x", data.shape, "FP64")
        given.set_data_from_numpy(data, binary_data=is_binary)
        wanted = triton.InferRequestedOutput("output-0", binary_data=is_binary)
        found = client.infer("model", [given], outputs=[wanted]).as_numpy("output-0")
        assert found == pytest.approx([10.0, 0.0], abs=1e-6)
    client.close()


def test_many_at_once_get_their_own_answers(line: Scoring) -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        for turn in range(25):
            value = number * 100.0 + turn
            if (number + turn) % 5 == 0:
                status, _, body = line.ask(
                    {"dataframe_split": {"columns": COLUMNS, "data": [["x", 0, 0, 0]]}}
                )
                if status != 400:
                    wrong.append((number, turn, status, body))
                continue
            data = [[value, 0.0, 0.0, 0.0]] * (1 + turn % 3)
            status, _, body = line.ask({"dataframe_split": {"columns": COLUMNS, "data": data}})
            if status != 200 or not np.allclose(json.loads(body)["predictions"], [value] * len(data)):
                wrong.append((number, turn, status, body))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    told = line.get("/metrics")[1].decode()
    assert 'trackhelm_serving_requests_total{route="/invocations",status="200"} 160.0' in told
    assert 'trackhelm_serving_requests_total{route="/invocations",status="400"} 40.0' in told
    assert "trackhelm_serving_batch_rows_sum" in told


def test_what_takes_too_long_is_cut(models: Path, tmp_path: Path) -> None:
    body = {"dataframe_split": SPLIT, "params": {"wait": 5.0}}
    with serving(models / "own", tmp_path, "--timeout", "0.5") as server:
        assert server.ask(body)[0] == 504
        assert server.get("/ping")[0] == 200


def test_a_request_that_has_begun_is_answered_after_sigterm(models: Path, tmp_path: Path) -> None:
    answers: list[Any] = []
    with serving(models / "own", tmp_path) as server:
        body = {"dataframe_split": SPLIT, "params": {"wait": 3.0}}
        asking = threading.Thread(target=lambda: answers.append(server.ask(body)))
        asking.start()
        wait_until(lambda: _connections(server.port) > 0, seconds=30, what="the request")
        server.process.send_signal(signal.SIGTERM)
        asking.join(60)
        assert server.process.wait(60) == 0
    ((status, _, answer),) = answers
    assert (status, json.loads(answer)["predictions"]) == (200, [2, 1])


def _connections(port: int) -> int:
    """The connections that are established to a port of this machine."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01" for line in lines)


def test_workers_share_the_port_and_come_back(models: Path, tmp_path: Path) -> None:
    with serving(models / "line", tmp_path, "--workers", "2") as server:
        children = _children(server.process.pid)
        assert len(children) == 2
        for _ in range(20):
            assert server.ask({"dataframe_split": SPLIT})[0] == 200
        told = server.get("/metrics")[1].decode()
        assert 'trackhelm_serving_requests_total{route="/invocations",status="200"} 20.0' in told
        os.kill(children[0], signal.SIGKILL)
        wait_until(
            lambda: (
                len(_children(server.process.pid)) == 2 and children[0] not in _children(server.process.pid)
            ),
            seconds=60,
            what="another worker",
        )
        wait_until(lambda: server.ask({"dataframe_split": SPLIT})[0] == 200, seconds=60, what="an answer")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in told]


def test_a_model_of_unknown_origin_needs_to_be_allowed(models: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trackhelm", "models", "serve", "-m", str(models / "own"), "-p", "0"]
    told = {**os.environ, "PYTHONPATH": str(SOURCE)}
    ended = subprocess.run(
        command, env=told, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 1
    assert "--allow-pickle" in ended.stderr


def test_binary_columns_are_base64(tmp_path: Path) -> None:
    from trackhelm.models import payloads
    from trackhelm.types import ColSpec, Schema

    text = base64.b64encode(b"\x00\x01").decode()
    found = payloads.frame_of_split({"columns": ["x"], "data": [[text]]}, Schema([ColSpec("binary", "x")]))
    assert found["x"].tolist() == [b"\x00\x01"]
