"""Real pods of the images that were built here: `make test-cluster-node`.

The chart is installed as on the page, without any value, on a node of the tests' own, where the images of
stores and of MLflow are stand-ins under their own names; or on the cluster that KUBECONFIG names, which must
get the images by itself. `TEST_CLUSTER_VALUES` is a file of values for it.
"""

import os
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.charts.rendering import CHART, ROOT
from tests.cluster import programs
from tests.cluster.cluster import Cluster, Json, Release
from tests.cluster.conftest import own_namespaces
from tests.cluster.monitoring import prometheus
from tests.cluster.real_node import Node, real_cluster
from tests.cluster.workloads import PATIENCE, Workload
from tests.fixtures.waiting import wait_until
from trackhelm_domain.migrate import newest_revision

pytestmark = pytest.mark.timeout(1_500)

PROGRAMS = Path(__file__).parent / "training"
NEXT = "next"
"""Another tag of the same images, by which an upgrade replaces every pod."""

# A program that knows nothing of pods, as it would be with any client.
TRAINING = """
import json, urllib.request
def call(path, **message):
    request = urllib.request.Request("http://trackhelm/api/2.0/mlflow/" + path, json.dumps(message).encode(),
                                     {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=60))
run = call("runs/create", experiment_id="0", run_name=NAME)["run"]["info"]["run_id"]
call("runs/log-metric", run_id=run, key="loss", value=0.5, timestamp=1, step=1)
print("created", run, flush=True)
"""
GROWING = "held = []\nwhile True: held.append(bytearray(b'x' * 1_000_000))\n"
WAITING = "import signal\nsignal.pause()\n"
FAILING = "raise SystemExit(3)\n"


@pytest.fixture(scope="module")
def real(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, Node | None]]:
    """Yield the cluster, and its node if that is the tests' own."""
    if os.environ.get("KUBECONFIG"):
        yield request.getfixturevalue("cluster"), None
        return
    images = os.environ.get("TEST_CLUSTER_IMAGES")
    if images is None:
        pytest.skip("real pods need root, containerd and built images: `make test-cluster-node`")
    with real_cluster(tmp_path_factory.mktemp("node"), Path(images)) as (cluster, node):
        yield cluster, node


@pytest.fixture(scope="module")
def notes(real: tuple[Cluster, Node | None]) -> Iterator[tuple[Release, str]]:
    """Yield the evaluation profile, installed and ready, and what Helm printed."""
    cluster, _ = real
    with own_namespaces(cluster) as create:
        found = Release(cluster, create("trackhelm"))
        options = ("--namespace", found.namespace, "--wait", "--timeout", "10m", *given_values())
        yield found, cluster.helm("install", found.name, str(CHART), *options)


@pytest.fixture(scope="module")
def release(notes: tuple[Release, str]) -> Release:
    """Return the release."""
    return notes[0]


def given_values() -> Sequence[str]:
    file = os.environ.get("TEST_CLUSTER_VALUES")
    return ("--values", file) if file else ()


def call(release: Release, path: str, message: Json | None = None) -> Json:
    """Send a request to the gateway through the API of the cluster, which reaches it from anywhere."""
    gateway = f"/api/v1/namespaces/{release.namespace}/services/{release.name}:http/proxy"
    method = "GET" if message is None else "POST"
    return release.cluster.ask(method, f"{gateway}/api/2.0/mlflow/{path}", message)


def image_of_server(release: Release) -> str:
    """Return the image of the server, as the release names it."""
    pod = release.found("deployments")["trackhelm-ingest"]["spec"]["template"]["spec"]
    image: str = pod["containers"][0]["image"]
    return image


def image_of_mlflow() -> str:
    """Return the image of MLflow, of the version that all tests of the stock client have."""
    pinned = (ROOT / "requirements" / "mlflow3.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"^mlflow==(.+)$", pinned, re.MULTILINE)
    return f"ghcr.io/mlflow/mlflow:v{version}"


def told(release: Release) -> dict[str, str]:
    """Return the variables of a pod with MLflow's client."""
    return {
        "MLFLOW_TRACKING_URI": f"http://{release.name}",
        "HOME": "/tmp",
        "GIT_PYTHON_REFRESH": "quiet",
    }


class Training:
    """A pod that creates a run, and what the server says of it."""

    def __init__(self, release: Release, name: str, program: str) -> None:
        self._release, self.name = release, name
        command = ["python3", "-c", TRAINING.replace("NAME", repr(name)) + program]
        Workload.start(release, name, image_of_server(release), command, memory="64Mi")

    def run(self) -> Json:
        """Return the run that the pod created; nothing before it is there."""
        message = {"experiment_ids": ["0"], "filter": f"attributes.run_name = '{self.name}'"}
        runs = call(self._release, "runs/search", message).get("runs", [])
        return runs[0] if runs else {}

    def ended(self) -> tuple[str, dict[str, str]]:
        """Wait for the end of the run, and return its state and what is known of its pod."""
        wait_until(lambda: self.run().get("info", {}).get("status", "RUNNING") != "RUNNING", seconds=PATIENCE)
        run = self.run()
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        prefix = "trackhelm.k8s."
        known = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
        return run["info"]["status"], known


def test_everything_runs_without_a_restart(release: Release) -> None:
    pods = release.found("pods").values()
    states = {
        pod["metadata"]["name"]: [each["restartCount"] for each in pod["status"]["containerStatuses"]]
        for pod in pods
        if pod["status"]["phase"] == "Running"
    }
    assert len(states) >= 14
    assert {count for counts in states.values() for count in counts} == {0}, states
    for name, each in release.found("deployments").items():
        assert each["status"]["readyReplicas"] == each["spec"]["replicas"], name


def test_each_pod_is_under_one_policy_of_the_network(release: Release) -> None:
    policies = release.found("networkpolicies")
    selected = {
        name: policy["spec"]["podSelector"]["matchLabels"].items() for name, policy in policies.items()
    }
    for name, pod in release.found("pods").items():
        labels = pod["metadata"]["labels"].items()
        assert len([each for each in selected.values() if each <= labels]) == 1, name


def test_the_test_of_the_release_logs_a_metric_and_reads_it_back(release: Release) -> None:
    said = release.helm("test", release.name, "--timeout", "5m")
    assert re.search(r"Phase:\s+Succeeded", said), said


def test_the_gateway_serves_the_web_ui(release: Release) -> None:
    gateway = f"/api/v1/namespaces/{release.namespace}/services/{release.name}:http/proxy"
    page = release.cluster.kubectl("get", "--raw", f"{gateway}/")
    assert "<title>Trackhelm</title>" in page
    # The page's own program and style are there, too, from the image of the gateway.
    files = re.findall(r'(?:src|href)="\.?/?(assets/[^"]+)"', page)
    assert files
    for file in files:
        assert len(release.cluster.kubectl("get", "--raw", f"{gateway}/{file}")) > 100, file


def test_the_stock_client_trains_and_registers_a_model_in_a_pod(release: Release) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^## Sixty seconds\n.*?^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    pod = Workload.start(
        release,
        "trains",
        image_of_mlflow(),
        ["python3", "-c", program],
        memory="1Gi",
        environment={
            "MLFLOW_TRACKING_URI": "http://trackhelm",
            "HOME": "/tmp",
            "GIT_PYTHON_REFRESH": "quiet",
        },
    )
    said = pod.wait_until_ended()
    assert re.search(r"first forest: accuracy \d\.\d{3}", said)
    assert re.search(r"loaded from the registry: \[[\d ]+\]", said)
    (version,) = call(release, "model-versions/search?filter=name%3D'iris-forest'")["model_versions"]
    assert version["status"] == "READY"
    run = call(release, f"runs/get?run_id={version['run_id']}")["run"]
    assert run["info"]["status"] == "FINISHED"


def test_a_training_pod_that_is_really_out_of_memory_shows_so_on_its_run(release: Release) -> None:
    training = Training(release, "oom", GROWING)
    status, known = training.ended()
    assert (status, known["reason"], known["exit_code"]) == ("FAILED", "OOMKilled", "137")
    assert known["message"] == "Container train used more memory than its limit of 64Mi."
    # Found by the address alone, through Service and gateway.
    assert (known["joined_by"], known["pod"], known["container"]) == ("address", "oom", "train")
    assert known["limits"] == '{"memory": "64Mi"}'
    (metric,) = training.run()["data"]["metrics"]
    assert metric["value"] == 0.5


def test_a_training_pod_that_fails_shows_its_exit_code(release: Release) -> None:
    status, known = Training(release, "fails", FAILING).ended()
    assert (status, known["reason"], known["exit_code"]) == ("FAILED", "Error", "3")


def test_a_training_pod_that_is_deleted_shows_so_on_its_run(release: Release) -> None:
    training = Training(release, "deleted", WAITING)
    wait_until(training.run, seconds=PATIENCE)
    release.cluster.kubectl("delete", "pod", "deleted", "--namespace", release.namespace)
    status, known = training.ended()
    assert (status, known["reason"]) == ("KILLED", "Deleted")


def test_logs_and_the_doctor_are_there_inside_a_pod(release: Release) -> None:
    where = ("--namespace", release.namespace, "deployment/trackhelm-watcher")
    cluster: Cluster = release.cluster
    assert "watcher runs" in cluster.kubectl("logs", *where)
    # The watcher serves no files.
    said = cluster.kubectl("exec", *where, "--", "trackhelm-server", "doctor", "--skip", "artifacts")
    assert "ok     watcher: pods, jobs and events" in said


def plain_callers(release: Release) -> Workload:
    """Start the callers that repeat nothing."""
    program = (PROGRAMS / "calls_every_service.py").read_text(encoding="utf-8")
    command = ["python3", "-c", program, release.name]
    return Workload.start(release, f"calls-{uuid.uuid4().hex[:6]}", image_of_server(release), command)


def stock_writer(release: Release, **environment: str) -> Workload:
    """Start a writer with MLflow's own client, as users have it but for some variables."""
    program = (PROGRAMS / "logs_with_mlflow.py").read_text(encoding="utf-8")
    name, command = f"logs-{uuid.uuid4().hex[:6]}", ["python3", "-c", program]
    return Workload.start(release, name, image_of_mlflow(), command, memory="1Gi", environment=told(release))


def rolled_out(release: Release, *names: str) -> None:
    """Wait until the pods of Deployments and StatefulSets, by default all, are those that are wanted."""
    wanted = names or [
        *(f"deployment/{name}" for name in release.found("deployments")),
        *(f"statefulset/{name}" for name in release.found("statefulsets")),
    ]
    for name in wanted:
        where = ("--namespace", release.namespace, "--timeout", f"{2 * PATIENCE}s")
        release.cluster.kubectl("rollout", "status", name, *where)


def is_complete(release: Release, found: Json) -> None:
    """Check what a program of `training` found: nothing failed, and each acknowledged point is there once."""
    assert found["failures"] == []
    assert found["requests"] > 0
    for run_id, steps in found["steps"].items():
        assert steps > 0
        read: list[int] = []
        token = ""
        while True:
            query = f"run_id={run_id}&metric_key=loss&max_results=5000&page_token={token}"
            page = call(release, f"metrics/get-history?{query}")
            read += [int(point["step"]) for point in page.get("metrics", ())]
            token = page.get("next_page_token", "")
            if not token:
                break
        assert read == list(range(steps)), run_id


def test_no_request_fails_while_every_pod_is_restarted_and_upgraded(
    release: Release, real: tuple[Cluster, Node | None]
) -> None:
    cluster, node = real
    programs = [plain_callers(release), stock_writer(release)]
    for program in programs:
        program.wait_until_begun()
    before = pods_of(release)
    cluster.kubectl("rollout", "restart", "deployment", "--namespace", release.namespace)
    rolled_out(release)
    # Another image where there is one; elsewhere a setting, which replaces all pods as well.
    changed = [f"image.tag={NEXT}", f"gateway.image.tag={NEXT}"] if node else ["settings.LOG_LEVEL=debug"]
    options = [word for each in changed for word in ("--set", each)]
    more = ("--wait", "--timeout", "14m", *given_values())
    release.helm("upgrade", release.name, str(CHART), *more, *options)
    rolled_out(release)
    assert {name for name in before & pods_of(release) if not name.endswith("-0")} == set()
    for program in programs:
        is_complete(release, program.stop())


def pods_of(release: Release) -> set[str]:
    """Return the names of the release's pods."""
    label = f"app.kubernetes.io/instance={release.name}"
    found = release.cluster.found("pods", release.namespace, "--selector", label)
    return {pod["metadata"]["name"] for pod in found}


def containers(release: Release, component: str) -> dict[str, str]:
    """Return the containers that run of a component, by the names of their pods."""
    label = f"app.kubernetes.io/component={component}"
    pods = release.cluster.found("pods", release.namespace, "--selector", label)
    return {
        pod["metadata"]["name"]: each["containerID"]
        for pod in pods
        for each in pod["status"].get("containerStatuses", ())
        if "running" in each["state"]
    }


def killed(release: Release, node: Node | None, component: str) -> None:
    """Kill every pod of a component at once, and wait until all are there again."""
    running = containers(release, component)
    assert running, component
    for pod, container in running.items():
        if node is not None:
            node.kill(container)
        else:
            release.cluster.kubectl(
                "delete", "pod", pod, "--namespace", release.namespace, "--grace-period=0", "--force"
            )

    def is_back() -> bool:
        now = containers(release, component)
        return len(now) >= len(running) and not set(now.values()) & set(running.values())

    wait_until(is_back, seconds=PATIENCE)
    rolled_out(release)


KILLED = (
    "ingest",
    "worker-metrics",
    "query",
    "gateway",
    "redis",
    "postgres",
    "beat",
    "artifact",
    "registry",
    "object-store",
)


def test_nothing_is_lost_when_pods_are_killed_and_workers_come_and_go(
    release: Release, real: tuple[Cluster, Node | None]
) -> None:
    cluster, node = real
    # By itself it asks seven times more, which bridges half a minute: less than a busy machine may need.
    writer = stock_writer(release, MLFLOW_HTTP_REQUEST_MAX_RETRIES="10")
    writer.wait_until_begun()
    for component in KILLED:
        killed(release, node, component)
    workers = "deployment/trackhelm-worker-metrics"
    # A node of two processors has room for three.
    for replicas in (3, 0, 1):
        cluster.kubectl("scale", workers, f"--replicas={replicas}", "--namespace", release.namespace)
        rolled_out(release, workers)
    is_complete(release, writer.stop())
    # What an upgrade says of the number of workers holds again.
    release.helm("upgrade", release.name, str(CHART), "--wait", "--timeout", "14m", *given_values())
    assert release.found("deployments")["trackhelm-worker-metrics"]["spec"]["replicas"] == 2


def test_prometheus_finds_every_pod_by_the_monitors_and_the_alerts_see_what_happens(
    release: Release, real: tuple[Cluster, Node | None], tmp_path: Path
) -> None:
    cluster, node = real
    if node is None:
        pytest.skip("pods are reached from a node of the tests' own: unset KUBECONFIG")
    if lacking := programs.missing(programs.MONITORING_NAMES):
        pytest.skip(f"no Prometheus: {', '.join(lacking)} not built")
    without = {"gateway", "postgres", "redis", "object-store", "migrate", "test"}
    wanted = {
        name
        for name in pods_of(release)
        if not any(name.startswith(f"{release.name}-{component}-") for component in without)
    }
    assert len(wanted) >= 12
    redis = ("scale", "statefulset/trackhelm-redis", "--namespace", release.namespace)
    with prometheus(release, tmp_path / "prometheus") as watching:

        def scraped() -> set[str]:
            return {each["labels"]["pod"] for each in watching.targets() if each["health"] == "up"}

        def state(alert: str) -> str:
            told: str = watching.rules()[alert]["state"]
            return told

        wait_until(lambda: scraped() == wanted, seconds=PATIENCE)
        wait_until(lambda: {each["health"] for each in watching.rules().values()} == {"ok"}, seconds=60)
        assert "firing" not in {each["state"] for each in watching.rules().values()}
        assert watching.values("sum(trackhelm_watcher_leads)") == [1]
        assert watching.values("min(trackhelm_queue_up)") == [1]
        cluster.kubectl(*redis, "--replicas=0")
        wait_until(lambda: state("TrackhelmRedisAway") != "inactive", seconds=PATIENCE)
        cluster.kubectl(*redis, "--replicas=1")
        wait_until(lambda: state("TrackhelmRedisAway") == "inactive", seconds=PATIENCE)
        rolled_out(release)


# Run in a pod of the server: a later version has migrated the schema.
A_LATER_SCHEMA = """
import pathlib, psycopg
address = pathlib.Path("/var/run/secrets/trackhelm/database-url").read_text().strip()
with psycopg.connect(address) as connection:
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
"""


def in_a_pod(release: Release, *command: str) -> str:
    """Run a command in a pod of the server."""
    where = ("--namespace", release.namespace, "deployment/trackhelm-query", "--")
    return release.cluster.kubectl("exec", *where, *command)


def said_by_the_migration(release: Release) -> str:
    """Return what the Job that migrates has printed, once it has succeeded."""
    (job,) = (name for name in release.found("jobs") if "-migrate-" in name)
    wait_until(lambda: release.found("jobs")[job]["status"].get("succeeded") == 1, seconds=PATIENCE)
    return release.cluster.kubectl("logs", "--namespace", release.namespace, f"job/{job}")


def test_an_older_schema_is_migrated_with_its_data_and_a_later_one_is_let_be(release: Release) -> None:
    run_id = uuid.uuid4().hex
    program = (PROGRAMS / "makes_old_data.py").read_text(encoding="utf-8")
    address = in_a_pod(release, "python3", "-c", program, "older", "of the first version", run_id).strip()
    meta = {"name": "evaluation", "namespace": release.namespace}
    entries = release.secret("trackhelm-bundled") | {"database-url": address}
    release.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": entries})
    # The stores are replaced here, too: a node of two processors has room for them beside new pods that wait.
    chart = (release.name, str(CHART), "--wait", "--timeout", "14m", *given_values())
    release.helm("upgrade", *chart, "--set", "bundled.existingSecret=evaluation")
    assert f"schema 0001 -> {newest_revision()}" in said_by_the_migration(release)
    experiment = call(release, "experiments/get?experiment_id=7")["experiment"]
    assert experiment["name"] == "of the first version"
    point = {"run_id": run_id, "key": "loss", "timestamp": 1}
    call(release, "runs/log-metric", point | {"value": 1.0, "step": 1})

    # As before a rollback: the schema is ahead of the version that is installed.
    in_a_pod(release, "python3", "-c", A_LATER_SCHEMA)
    changed = ("--set", "bundled.existingSecret=evaluation", "--set", "settings.LOG_LEVEL=debug")
    release.helm("upgrade", *chart, *changed)
    rolled_out(release)
    said = said_by_the_migration(release)
    assert "schema is ahead of this version" in said
    assert "schema 9999" in said
    call(release, "runs/log-metric", point | {"value": 0.5, "step": 2})
    history = call(release, f"metrics/get-history?run_id={run_id}&metric_key=loss")["metrics"]
    assert [each["value"] for each in history] == [1.0, 0.5]


def test_uninstalling_leaves_the_volumes_that_the_notes_name(notes: tuple[Release, str]) -> None:
    release, said = notes
    release.helm("uninstall", release.name, "--wait", "--timeout", "5m")
    named: list[Any] = re.findall(r"delete pvc (\S+)", said)
    assert len(named) == 3
    assert sorted(release.found("persistentvolumeclaims")) == sorted(named)
    assert not release.found("deployments")
    (secret,) = re.findall(r"delete secret (\S+)", said)
    assert secret in release.found("secrets")
