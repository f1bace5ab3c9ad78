"""The table of refusals: requests that a server must refuse, each with how the answer begins.

Clients and scripts match the first words of messages, so they are part of the wire contract. Each line of the
`*.jsonl` files here is a request and the status, the error code and the first words that Trackhelm answers
with. Where MLflow's own server answers otherwise, `stock` says how and `why` says why we do not follow it.
`tests/contract/test_refusals.py` holds Trackhelm to the table, `tests/e2e/test_refusals.py` whichever server
is under test, and `tests/contract/clients/test_refusals.py` the table to MLflow's own server.

In every text `<run>` stands for what `World` has of that name, `<fresh run>` for one that is made for the
line alone, because one of the servers changes it, `<new>` for a name that nobody has, `<250 k>` for 250 times
the letter k, and `<i>` for the position in a list that `{"<times>": 101, "of": ...}` makes of one item. Where
a line has a `body`, it is sent as it stands, with the content type `type`. A line is about the fields that
its `begins` names in quotes, and about its `field`. Where its status is 200, MLflow's server alone refuses.

It needs the standard library only: the tests of two environments read it.
"""

import http.client
import json
import re
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

API = "/api/2.0/mlflow/"
GROUPS = sorted(file.stem for file in Path(__file__).parent.glob("*.jsonl"))
PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
# Nothing makes the event happen: no server calls the address while the table is checked.
WEBHOOK = {
    "name": "hook",
    "url": "https://93.184.216.34/x",
    "events": [{"entity": "PROMPT_ALIAS", "action": "DELETED"}],
}


@dataclass(frozen=True)
class Expected:
    """How the answer to a request looks; an empty code stands for what is no error in MLflow's form."""

    status: int
    code: str = ""
    begins: str = ""

    def difference(self, answer: "Answer") -> str:
        """Return what the answer is, if it is not this; else nothing."""
        same = answer.status == self.status and self.code in {"", answer.code}
        return "" if same and answer.message.startswith(self.begins) else str(answer)


@dataclass(frozen=True)
class Answer:
    """What a server answered with."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        """Give it on one line."""
        return f"{self.status} {self.code} {self.message[:300]!r}"


@dataclass(frozen=True)
class Refusal:
    """A line of the table."""

    place: str
    method: str
    path: str
    given: Mapping[str, Any]
    body: str | None
    content_type: str
    ours: Expected
    stock: Expected
    gateway: Expected
    """Of nginx, where it refuses a request before any service sees it."""
    why: str
    field: str = ""

    @property
    def fields(self) -> set[str]:
        """What the line is about, with a dot between a field and what it holds: `metrics.key`."""
        named = re.findall(r"'([a-zA-Z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*)'", self.ours.begins)
        return {re.sub(r"\[\d+\]", "", name) for name in named} | {self.field}


def refusals(group: str) -> Iterator[Refusal]:
    """Read the lines of a group."""
    file = Path(__file__).with_name(f"{group}.jsonl")
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        line = json.loads(text)
        ours = Expected(line["status"], line["code"], line["begins"])
        method, path = line["call"].split(" ", 1)
        yield Refusal(
            place=f"{file.name}:{number}",
            method=method,
            path=path,
            given=line.get("given", {}),
            body=line.get("body"),
            content_type=line.get("type", "application/json"),
            ours=ours,
            stock=Expected(**line["stock"]) if "stock" in line else ours,
            gateway=Expected(**line["gateway"]) if "gateway" in line else ours,
            why=line.get("why", ""),
            field=line.get("field", ""),
        )


def differences(port: int, group: str, *, stock: bool, gateway: bool = False) -> list[str]:
    """Send every request of a group to the server on a port, and tell where it answers otherwise."""
    world = World(port)
    found = []
    for refusal in refusals(group):
        names = world.names | world.fresh(refusal) | {"new": f"new-{uuid.uuid4().hex}"}
        expected = refusal.stock if stock else refusal.gateway if gateway else refusal.ours
        wanted = Expected(expected.status, expected.code, fill(expected.begins, names))
        answer = _ask(port, refusal, names)
        if difference := wanted.difference(answer):
            found.append(f"{refusal.place} {refusal.method} {refusal.path}: {difference}, not {wanted}")
    return found


class World:
    """What requests of the table name: one of each kind, made on a server."""

    def __init__(self, port: int) -> None:
        self._port = port
        token = uuid.uuid4().hex[:12]
        models = ("model", "other model", "empty model", "filed model", "prompt", "other prompt")
        self.names = {
            "experiment name": f"experiment {token}",
            "deleted experiment name": f"deleted experiment {token}",
            **{name: f"{name.replace(' ', '-')}-{token}" for name in models},
        }
        self._make_tracking()
        self._make_registry(models)
        self.names["webhook"] = self._post("webhooks", **WEBHOOK)["webhook"]["webhook_id"]

    def fresh(self, refusal: Refusal) -> dict[str, str]:
        """Make what a line needs for itself alone."""
        kinds = re.findall(r"<(fresh [a-z ]+)>", f"{refusal.path} {json.dumps(refusal.given)}")
        return {kind: self._new(kind) for kind in set(kinds)}

    def _new(self, kind: str) -> str:
        name = uuid.uuid4().hex
        experiment = self.names["experiment"]
        made: str
        match kind.removeprefix("fresh "):
            case "experiment":
                made = self._post("experiments/create", name=name)["experiment_id"]
            case "deleted experiment":
                made = self._new("fresh experiment")
                self._post("experiments/delete", experiment_id=made)
            case "run":
                made = self._new_run(experiment)
            case "deleted run":
                made = self._new_run(experiment)
                self._post("runs/delete", run_id=made)
            case "model":
                made = self._post("registered-models/create", name=name)["registered_model"]["name"]
            case "version":
                version = {"name": self.names["model"], "source": "s3://bucket/model"}
                made = self._post("model-versions/create", **version)["model_version"]["version"]
            case "logged model":
                model = self._post("logged-models", experiment_id=experiment, name="m")["model"]
                made = model["info"]["model_id"]
            case _:
                raise ValueError(kind)
        return made

    def _make_tracking(self) -> None:
        names = self.names
        for name in ("experiment", "deleted experiment"):
            made = self._post("experiments/create", name=names[f"{name} name"])
            names[name] = made["experiment_id"]
        for name in ("run", "other run", "deleted run"):
            names[name] = self._new_run(names["experiment"])
        names["run of deleted experiment"] = self._new_run(names["deleted experiment"])
        names["root"] = f"{names['experiment']}/{names['run']}/artifacts"
        self._post("runs/log-parameter", run_id=names["run"], key="depth", value="3")
        self._post("runs/log-metric", run_id=names["run"], key="loss", value=1, timestamp=1)
        for name in ("logged model", "deleted logged model"):
            params = [{"key": "depth", "value": "3"}]
            made = self._post("logged-models", experiment_id=names["experiment"], name="m", params=params)
            names[name] = made["model"]["info"]["model_id"]
        for file in ("file.txt", "dir/file.txt"):
            self._call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{names['root']}/{file}", b"content")
        self._call("DELETE", f"{API}logged-models/{names['deleted logged model']}", b"{}")
        self._post("runs/delete", run_id=names["deleted run"])
        self._post("experiments/delete", experiment_id=names["deleted experiment"])

    def _make_registry(self, models: tuple[str, ...]) -> None:
        for name in models:
            tags = PROMPT if "prompt" in name else []
            self._post("registered-models/create", name=self.names[name], tags=tags)
        for _ in range(2):
            self._post("model-versions/create", name=self.names["model"], source="s3://bucket/model")
        last = json.dumps({"name": self.names["model"], "version": "2"}).encode()
        self._call("DELETE", f"{API}model-versions/delete", last)
        self.names["deleted version"] = "2"
        run = self.names["run"]
        source = f"runs:/{run}/dir"
        self._post("model-versions/create", name=self.names["filed model"], source=source, run_id=run)

    def _new_run(self, experiment: str) -> str:
        run: str = self._post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
        return run

    def _post(self, path: str, **message: object) -> Any:
        return json.loads(self._call("POST", API + path, json.dumps(message).encode()))

    def _call(self, method: str, path: str, body: bytes) -> bytes:
        status, answer = _send(self._port, method, path, body, "application/json")
        assert status == 200, f"{method} {path}: {status} {answer[:500]!r}"
        return answer


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value of the table with what its placeholders stand for."""
    if isinstance(value, str):
        value = re.sub(r"<(\d+) (.)>", lambda found: int(found[1]) * found[2], value)
        return re.sub(r"<([a-z ]+)>", lambda found: names.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, dict):
        if "<times>" in value:
            return [fill(value["of"], {**names, "i": str(number)}) for number in range(value["<times>"])]
        return {key: fill(item, names) for key, item in value.items()}
    return value


def _ask(port: int, refusal: Refusal, names: Mapping[str, str]) -> Answer:
    path = fill(refusal.path, names)
    path = path if path.startswith("/") else API + path
    given = fill(refusal.given, names)
    body = None
    if refusal.body is not None:
        body = fill(refusal.body, names).encode("latin-1")
    elif refusal.method in {"GET", "HEAD"}:
        query = urllib.parse.urlencode(given, doseq=True)
        path = f"{path}?{query}" if query else path
    elif refusal.method == "PUT" or "upload-artifact" in path:
        body = b"content"
    else:
        body = json.dumps(given).encode()
    status, answer = _send(port, refusal.method, path, body, refusal.content_type)
    try:
        error = json.loads(answer)
        return Answer(status, error["error_code"], error["message"])
    except (ValueError, KeyError, TypeError):
        return Answer(status, "", "")


def _send(port: int, method: str, path: str, body: bytes | None, content_type: str) -> tuple[int, bytes]:
    """Send a request whose path stands as it is: other clients take a `..` out of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=180)
    try:
        connection.putrequest(method, path)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
            if content_type:
                connection.putheader("Content-Type", content_type)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
