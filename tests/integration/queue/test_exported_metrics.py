"""Every metric that a process exports is on the page of metrics; alerts and dashboards use nothing else."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx2
import promql_parser as promql
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.fixtures.api import API
from tests.fixtures.certificates import certificate
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from tests.integration.queue.test_task_metrics import observed
from trackhelm_core.settings import StorageSettings
from trackhelm_core.telemetry.surroundings import CertificateFile, Certificates
from trackhelm_embedded.app import embedded_app
from trackhelm_watcher.metrics import WatcherMetrics

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "operations" / "metrics.md"
FILES = ROOT / "charts" / "trackhelm" / "files"
ALERTS = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
DASHBOARDS = sorted((FILES / "dashboards").glob("*.json"))

OF_A_SCRAPE = {"namespace", "instance"}
"""Labels that Prometheus adds in a cluster."""

PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def documented() -> dict[str, tuple[str, set[str]]]:
    """Return the type and the labels of each metric of the page."""
    rows = re.findall(r"^\| `(trackhelm_\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exported(*texts: str) -> dict[str, tuple[str, set[str]]]:
    """Return the type and the labels of each metric in what processes answer."""
    kinds: dict[str, str] = {}
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        for family in text_string_to_metric_families(text):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            if family.name.endswith("_created"):
                continue  # When a counter began, which the client adds to each.
            kinds[name] = family.type
            for sample in family.samples:
                labels[name] |= set(sample.labels) - ({"le"} if family.type == "histogram" else set())
    return {name: (kind, labels[name]) for name, kind in kinds.items()}


def test_each_metric_of_each_process_is_on_the_page_with_its_type_and_labels(
    split: Split, storage: StorageSettings, tmp_path: Path
) -> None:
    run = split.new_run()
    point = {"key": "loss", "value": 1, "timestamp": 1, "step": 1}
    registry = CollectorRegistry()
    registry.register(
        Certificates([CertificateFile("redis", certificate(tmp_path / "own.pem"), is_authority=False)])
    )
    WatcherMetrics(registry)
    with (
        TestClient(embedded_app(storage, split.redis.settings), base_url="http://127.0.0.1") as client,
        observed(split, storage, "worker", "--threads", "2") as worker,
        observed(split, storage, "beat") as beat,
    ):
        assert client.post(f"{API}/runs/log-metric", json={"run_id": run, **point}).status_code == 200
        gone = {"run_id": "0" * 32, **point}
        assert client.post(f"{API}/runs/log-metric", json=gone).status_code == 404
        wait_until(lambda: "trackhelm_tasks_sent_total{" in httpx2.get(f"{beat.url}/metrics").text)
        found = exported(
            client.get("/metrics").text,
            httpx2.get(f"{worker.url}/metrics").text,
            httpx2.get(f"{beat.url}/metrics").text,
            generate_latest(registry).decode(),
        )
    assert found == documented()


def test_a_server_without_redis_has_no_other_metrics(tmp_path: Path) -> None:
    storage = StorageSettings(data=tmp_path)
    with TestClient(embedded_app(storage), base_url="http://127.0.0.1") as client:
        found = exported(client.get("/metrics").text)
    page = documented()
    assert {name: kind for name, (kind, _) in found.items()} == {name: page[name][0] for name in found}
    assert all(labels <= page[name][1] for name, (_, labels) in found.items())
    queue = {name for name in found if name.startswith("trackhelm_queue_")}
    assert queue == {
        f"trackhelm_queue_{part}" for part in ("waiting_requests", "waiting_bytes", "dead_letters")
    }


@pytest.fixture
def storage(split: Split, tmp_path: Path) -> StorageSettings:
    url = split.runtime.database.engine.url.render_as_string(hide_password=False)
    return StorageSettings(data=tmp_path, database_url=url)


# What alerts and dashboards ask for.


def series() -> dict[str, set[str]]:
    """Return the labels of each name that an expression may use."""
    found: dict[str, set[str]] = {}
    for name, (kind, labels) in documented().items():
        for part in PARTS.get(kind, ("",)):
            found[name + part] = labels | OF_A_SCRAPE | ({"le"} if part == "_bucket" else set())
    return found


SERIES = series()


def labels_of(expression: Any) -> set[str]:  # noqa: PLR0911 - one for each kind of expression
    """Return the labels that the result of an expression has; fail for a name or label that is not there."""
    match expression:
        case promql.VectorSelector():
            assert expression.name in SERIES, f"no process exports {expression.name}"
            known = SERIES[expression.name]
            for matcher in expression.matchers.matchers:
                assert matcher.name in known, f"{expression.name} has no label {matcher.name}"
            return known
        case promql.MatrixSelector():
            return labels_of(expression.vector_selector)
        case promql.AggregateExpr():
            inner = labels_of(expression.expr)
            if expression.modifier is None:
                return inner if str(expression.op) in {"topk", "bottomk"} else set()
            kept = set(expression.modifier.labels)
            assert kept <= inner, f"{expression} has no {kept - inner}"
            return kept
        case promql.Call():
            each = [labels_of(argument) for argument in expression.args]
            return set().union(*each) - ({"le"} if expression.func.name == "histogram_quantile" else set())
        case promql.BinaryExpr():
            left, right = labels_of(expression.lhs), labels_of(expression.rhs)
            return left or right
        case promql.ParenExpr() | promql.UnaryExpr():
            return labels_of(expression.expr)
        case promql.NumberLiteral():
            return set()
    raise AssertionError(f"{type(expression)} is not looked into")


RULES = [rule for group in ALERTS for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_exported_and_has_a_runbook(rule: Any) -> None:
    labels = labels_of(promql.parse(rule["expr"]))
    summary = rule["annotations"]["summary"]
    assert set(re.findall(r"\$labels\.(\w+)", summary)) <= labels
    assert rule["labels"]["severity"] in {"warning", "critical"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (\w+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor == rule["alert"].lower()
    assert rule["alert"] in headings


def test_every_runbook_is_of_an_alert() -> None:
    text = (ROOT / "docs" / "operations" / "alerts.md").read_text()
    assert re.findall(r"^## (Trackhelm\w+)$", text, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_an_expression_with_a_name_or_label_that_is_not_there_is_found() -> None:
    for wrong in ("trackhelm_nothing", 'trackhelm_queue_up{no="x"}', "sum by (no) (trackhelm_queue_up)"):
        with pytest.raises(AssertionError, match="no"):
            labels_of(promql.parse(wrong))


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_asks_for_what_is_exported(file: Path) -> None:
    dashboard = json.loads(file.read_text())
    assert dashboard["uid"] == f"trackhelm-{file.stem}"
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(targets) > 8
    for target in targets:
        expression = target["expr"].replace("$__rate_interval", "5m")
        labels = labels_of(promql.parse(expression))
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels
        assert 'namespace=~"$namespace"' in expression


def test_there_are_three_dashboards() -> None:
    assert [file.stem for file in DASHBOARDS] == ["api", "celery", "ingest"]
