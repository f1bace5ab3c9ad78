"""The requests to both systems, and how their answers are compared."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bench.client import API, Client
from bench.data import HISTORY, Experiment, Run

SEARCH_BAR: Final = 20
"""The required ratio to stock's speed for searches and history."""

RUNNING_BAR: Final = 30
"""Likewise searches of runs that are going on."""

LATENCY_BAR: Final = 10
"""The required ratio for single requests."""

_HISTORY_PAGE: Final = 25_000
"""The page size of the stock client."""

Answers = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: `run` is timed; `content` of its answers must be equal in both systems.

    `before` is sent to both systems before each request, and not timed.
    """

    name: str
    bar: int
    is_long: bool
    run: Callable[[Client], Answers]
    content: Callable[[Answers], Any]
    acknowledged_at_once: bool = False
    before: Callable[[Client], object] | None = None


def acknowledged_at_once(case: Case) -> Case:
    """Return a case without the time that stock waits for the client's acknowledgement: its work alone."""
    return replace(case, name=f"{case.name}; acknowledged at once", acknowledged_at_once=True)


def searches(experiment: Experiment, where: str) -> list[Case]:
    """Return the searches of an experiment."""
    search = _Searches(experiment, where, SEARCH_BAR)
    return [
        search("page of 100", 100),
        search("page of 1,000", 1_000),
        search("a metric, sorted by it", 100, _BY_METRIC, "metrics.metric_00 DESC"),
        search("a param and a tag", 100, _BY_TEXT),
        search("three metrics", 100, _BY_THREE),
    ]


def running_searches(experiment: Experiment, where: str, written: Sequence[Run]) -> list[Case]:
    """Return the searches of an experiment whose runs are going on.

    Before each one all metrics of the next of the `written` runs get a point.
    """
    search = _Searches(experiment, where, RUNNING_BAR)
    cases = [
        search("page of 100", 100),
        search("page of 500", 500),
        search("a metric, sorted by it", 100, _BY_METRIC, "metrics.metric_00 DESC"),
        search("a param and a tag", 100, _BY_TEXT),
        search("three metrics", 100, _BY_THREE),
        search(
            "three metrics, sorted by them",
            100,
            _BY_THREE,
            "metrics.metric_01 DESC",
            "metrics.metric_02",
            "metrics.metric_03 DESC",
        ),
    ]
    batch = _batches(written)

    def log(client: Client) -> None:
        client.send("POST", f"{API}/runs/log-batch", batch(client))

    return [replace(case, before=log) for case in cases]


_BY_METRIC: Final = "metrics.metric_00 > 0.9"
_BY_TEXT: Final = "params.param_03 = '7' AND tags.team = 'blue'"
_BY_THREE: Final = "metrics.metric_01 > 0.5 AND metrics.metric_02 > 0.5 AND metrics.metric_03 < 0.5"


@dataclass(frozen=True, slots=True)
class _Searches:
    """Makes the cases of an experiment."""

    experiment: Experiment
    where: str
    bar: int

    def __call__(self, name: str, size: int, filter_text: str = "", *order_by: str) -> Case:
        message = {
            "experiment_ids": [str(self.experiment.id)],
            "max_results": size,
            "filter": filter_text,
            "order_by": list(order_by),
        }
        body = json.dumps(message).encode()

        def run(client: Client) -> Answers:
            return [client.send("POST", f"{API}/runs/search", body)]

        return Case(f"search {self.where}: {name}", self.bar, is_long=True, run=run, content=_runs)


def history(run_id: str, points: int) -> Case:
    """Return the reading of a metric's whole history, page by page as the stock client does it."""

    def run(client: Client) -> Answers:
        path = f"{API}/metrics/get-history?run_id={run_id}&metric_key={HISTORY}&max_results={_HISTORY_PAGE}"
        answers = [client.send("GET", path)]
        # The token is searched for in the end of the answer, because parsing megabytes would measure the
        # client.
        while token := re.search(rb'"next_page_token":\s*"([^"]+)"', answers[-1][-2_000:]):
            answers.append(client.send("GET", f"{path}&page_token={token[1].decode()}"))
        return answers

    def content(answers: Answers) -> Any:
        found = [point for answer in answers for point in json.loads(answer)["metrics"]]
        assert len(found) == points
        return found

    return Case(f"history of {points:,} points", SEARCH_BAR, is_long=True, run=run, content=content)


def get_run(run_id: str, which: str) -> Case:
    """Return the reading of one run."""

    def run(client: Client) -> Answers:
        return [client.send("GET", f"{API}/runs/get?run_id={run_id}")]

    return Case(f"get-run, {which}", LATENCY_BAR, is_long=False, run=run, content=_one_run)


def log_metric(run_id: str, key: str, which: str) -> Case:
    """Return the logging of one point, which is answered when it is committed."""
    point = _points(run_id, key)

    def run(client: Client) -> Answers:
        client.send("POST", f"{API}/runs/log-metric", point(client))
        return []

    return Case(f"log-metric, {which}", LATENCY_BAR, is_long=False, run=run, content=_nothing)


def log_param(runs: int) -> Case:
    """Return the logging of one param: the same to one run after another, all of which are running."""
    left: dict[int, Iterator[str]] = {}

    def new_runs(client: Client) -> list[str]:
        made = (client.post("runs/create", experiment_id="0", start_time=1) for _ in range(runs))
        return [answer["run"]["info"]["run_id"] for answer in made]

    def run(client: Client) -> Answers:
        if id(client) not in left:  # the first request, which is not timed
            left[id(client)] = iter(new_runs(client))
        run_id = next(left[id(client)])
        message = {"run_id": run_id, "key": "logged", "value": "1"}
        client.send("POST", f"{API}/runs/log-parameter", json.dumps(message).encode())
        return []

    return Case("log-parameter", LATENCY_BAR, is_long=False, run=run, content=_nothing)


def write_then_read(run_id: str, key: str) -> Case:
    """Return the logging of one point and the reading of its run, which must contain the point."""
    point = _points(run_id, key)

    def run(client: Client) -> Answers:
        body = point(client)
        client.send("POST", f"{API}/runs/log-metric", body)
        answer = client.send("GET", f"{API}/runs/get?run_id={run_id}")
        return [answer, body]

    def content(answers: Answers) -> Any:
        written = json.loads(answers[1])
        read = {metric["key"]: metric["value"] for metric in json.loads(answers[0])["run"]["data"]["metrics"]}
        assert read[key] == written["value"]
        return written["value"]

    return Case("log-metric, then get-run", LATENCY_BAR, is_long=False, run=run, content=content)


def _points(run_id: str, key: str) -> Callable[[Client], bytes]:
    # Each client has its own sequence of points, so that both systems get the same ones.
    steps: dict[int, itertools.count[int]] = {}

    def point(client: Client) -> bytes:
        step = next(steps.setdefault(id(client), itertools.count(1_000_000)))
        message = {"run_id": run_id, "key": key, "value": step / 7, "timestamp": 1_800_000_000_000 + step}
        return json.dumps({**message, "step": step}).encode()

    return point


def _batches(runs: Sequence[Run]) -> Callable[[Client], bytes]:
    # As with points: both systems get the same ones.
    steps: dict[int, itertools.count[int]] = {}

    def batch(client: Client) -> bytes:
        step = next(steps.setdefault(id(client), itertools.count(1_000_000)))
        run = runs[step % len(runs)]
        metrics = [
            {"key": key, "value": (value + step / 7) % 1, "timestamp": 1_800_000_000_000 + step, "step": step}
            for key, value in run.metrics.items()
        ]
        return json.dumps({"run_id": run.uuid, "metrics": metrics}).encode()

    return batch


def _nothing(_answers: Answers) -> None:
    return None


def _one_run(answers: Answers) -> Any:
    return _run(json.loads(answers[0])["run"])


def _runs(answers: Answers) -> Any:
    found = [_run(run) for run in json.loads(answers[0])["runs"]]
    assert found, "a search that finds nothing measures nothing"
    return found


def _run(run: Any) -> Any:
    info = {
        name: run["info"].get(name) for name in ("run_id", "run_name", "status", "start_time", "end_time")
    }
    pairs = {
        kind: {item["key"]: item["value"] for item in run["data"].get(kind, ())}
        for kind in ("metrics", "params", "tags")
    }
    return info | pairs
