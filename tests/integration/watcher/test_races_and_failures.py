"""Clients, other watchers, and a cluster that comes and goes: nothing is lost, and no word is broken."""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from tests.fixtures.kubernetes_api import Rule, kubernetes_api
from tests.fixtures.pods import NAMESPACE, container, terminated
from tests.fixtures.waiting import wait_until
from tests.integration.watcher.conftest import Place, documented_rules, settings_of
from trackhelm_cli.main import app
from trackhelm_core.runtime import now_ms
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.opening import open_database
from trackhelm_ingest.runs.pod_logic import PodEnd, end_run, note_pod
from trackhelm_ingest.runs.store import Source
from trackhelm_watcher.cluster import READS, WRITES_LEASE
from trackhelm_watcher.store import runs_going_on

CONTEXT = AuditContext(Actor("watcher", ActorKind.WATCHER, "", "r"), 5)
KILLED = PodEnd("KILLED", 7_000, {"reason": "Evicted"})


def failed() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a container that ended later than runs are created meanwhile."""
    return container(state=terminated(1, finished=600))


def source_of(place: Place, run: str) -> Source:
    with place.api.client.app.state.runtime.database.reading() as session:  # type: ignore[attr-defined]
        return next(each.source for each in runs_going_on(session) if each.uuid == run)


def test_the_word_of_a_client_that_ended_its_run_stands(place: Place) -> None:
    place.pod()
    run, later = place.run(), place.run()
    place.watcher()
    place.joined(run)
    place.api.post("runs/update", run_id=run, status="FINISHED", end_time=5)
    place.pod(failed(), phase="Failed")
    assert place.ended(later) == ("FAILED", "Error")
    assert (place.info(run)["status"], place.info(run)["end_time"]) == ("FINISHED", 5)
    assert "reason" not in place.tags(run)
    # And so does one that comes late.
    place.api.post("runs/update", run_id=later, status="FINISHED", end_time=6)
    assert place.info(later)["status"] == "FINISHED"


@pytest.mark.parametrize("change", ["ended", "resumed", "deleted"])
def test_what_changed_since_it_was_looked_at_is_left_alone(place: Place, change: str) -> None:
    run = place.run()
    looked_at = source_of(place, run)
    if change == "ended":
        place.api.post("runs/update", run_id=run, status="FAILED", end_time=5)
    elif change == "resumed":
        place.caller("10.5.5.5").post("runs/update", run_id=run, status="RUNNING")
    else:
        place.api.post("runs/delete", run_id=run)
    before = place.api.get("runs/get", run_id=run)
    database = place.api.client.app.state.runtime.database  # type: ignore[attr-defined]
    with database.writing() as session:
        assert (
            end_run(session, run, looked_at, {"trackhelm.k8s.pod": "a"}, end=KILLED, context=CONTEXT) is None
        )
        assert not note_pod(session, run, looked_at, {"trackhelm.k8s.pod": "a"}, context=CONTEXT)
    assert place.api.get("runs/get", run_id=run) == before


def test_a_client_that_ends_its_run_at_the_same_time_has_the_last_word(place: Place) -> None:
    experiment = place.api.new_experiment()
    database = open_database(place.url)
    for _ in range(10):
        run = place.caller(place.address).new_run(experiment)
        looked_at = source_of(place, run)
        begin = threading.Barrier(2)

        def end(run: str = run, looked_at: Source = looked_at, begin: threading.Barrier = begin) -> None:
            begin.wait(30)
            with database.writing() as session:
                end_run(session, run, looked_at, {}, end=KILLED, context=CONTEXT)

        thread = threading.Thread(target=end)
        thread.start()
        begin.wait(30)
        place.api.post("runs/update", run_id=run, status="FINISHED", end_time=9)
        thread.join(60)
        assert (place.info(run)["status"], place.info(run)["end_time"]) == ("FINISHED", 9)
    database.close()


def test_a_watch_that_is_too_old_lists_again(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    wait_until(lambda: place.cluster.watches == 2)
    place.pod(failed(), phase="Failed")
    place.cluster.forget()
    assert place.ended(run) == ("FAILED", "Error")


def test_a_watch_that_ends_goes_on_at_the_last_bookmark(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    wait_until(lambda: place.cluster.watches == 2)
    # A request for what was before is answered that it is gone. A watch sends everything before it breaks.
    place.cluster._oldest = place.cluster.bookmark()
    lists, opened = place.cluster.lists, place.cluster.opened
    place.cluster.break_watches()
    wait_until(lambda: place.cluster.opened >= opened + 2)
    place.pod(failed(), phase="Failed")
    assert place.ended(run) == ("FAILED", "Error")
    assert place.cluster.lists == lists, "nothing was listed again"


def test_a_cluster_that_is_away_for_a_while(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    place.cluster.away = True
    place.cluster.break_watches()
    place.pod(failed(), phase="Failed")
    place.cluster.forget()
    wait_until(lambda: place.cluster.unanswered > 3)
    assert place.info(run)["status"] == "RUNNING"
    place.cluster.away = False
    assert place.ended(run) == ("FAILED", "Error")


def test_of_two_watchers_one_leads_and_the_other_takes_over(place: Place) -> None:
    place.pod()
    run = place.run()
    first = place.watcher()
    wait_until(lambda: first.election.leads)
    second = place.watcher()
    place.joined(run)
    wait_until(lambda: place.cluster.watches == 2)
    assert not second.election.leads
    first.stop()
    wait_until(lambda: second.election.leads)
    place.pod(failed(), phase="Failed")
    assert place.ended(run) == ("FAILED", "Error")
    assert [event["action"] for event in place.events(run)] == ["tagged", "status_changed"]


def test_two_watchers_that_both_believe_to_lead_end_a_run_once(place: Place) -> None:
    place.pod()
    run = place.run()
    assert place.cluster.rules is not None
    place.cluster.rules += [
        Rule("trackhelm", ["coordination.k8s.io"], ["leases"], ["get", "update"], ["another"])
    ]
    both = [place.watcher(watcher_lease=name) for name in ("trackhelm-watcher", "another")]
    wait_until(lambda: all(each.election.leads for each in both))
    place.joined(run)
    place.pod(failed(), phase="Failed")
    assert place.ended(run) == ("FAILED", "Error")
    wait_until(lambda: len(place.events(run)) >= 2)
    assert [event["action"] for event in place.events(run)] == ["tagged", "status_changed"]


def start(place: Place, **more: str) -> "subprocess.Popen[str]":
    settings = settings_of(place)
    environment = {
        f"TRACKHELM_{name.upper()}": str(value)
        for name, value in settings.model_dump().items()
        if value not in {None, ""}
    }
    process = place.closing.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "trackhelm_cli", "watcher", "--database-url", place.url],
            env={"PATH": "/usr/bin:/bin", "TRACKHELM_ARTIFACTS_URL": "no-store://", **environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    place.closing.callback(process.kill)
    return process


@pytest.mark.long
def test_a_watcher_that_was_killed_loses_nothing(place: Place) -> None:
    place.pod()
    place.pod(name=f"{place.name}-b", address="10.96.96.96")
    failing, gone = place.run(), place.run("10.96.96.96")
    killed = start(place)
    place.joined(failing)
    place.joined(gone)
    killed.kill()
    killed.wait()
    place.pod(failed(), phase="Failed")
    place.cluster.delete("pods", NAMESPACE, f"{place.name}-b")
    missed = place.run(tags=[{"key": "trackhelm.pod", "value": f"training/{place.name}"}])
    again = start(place)
    assert place.ended(failing) == ("FAILED", "Error")
    assert place.ended(gone) == ("KILLED", "Deleted")
    assert place.ended(missed) == ("FAILED", "Error")
    again.send_signal(signal.SIGTERM)
    out, _ = again.communicate(timeout=120)
    assert (again.returncode, out) == (0, "watcher runs\n")


@pytest.mark.long
@pytest.mark.over("sqlite")
def test_a_watcher_answers_probes_and_counts_what_it_does(place: Place) -> None:
    place.pod()
    run = place.run()
    with start(place, TRACKHELM_METRICS_PORT="0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().rpartition(" ")[2].strip().removesuffix("/metrics")
        assert httpx2.get(f"{url}/health").text == "OK"
        wait_until(lambda: httpx2.get(f"{url}/ready").status_code == 200)
        place.joined(run)
        place.pod(failed(), phase="Failed")
        assert place.ended(run) == ("FAILED", "Error")

        def value(name: str, **labels: str) -> float | None:
            for family in text_string_to_metric_families(httpx2.get(f"{url}/metrics").text):
                for sample in family.samples:
                    if sample.name == name and sample.labels == labels:
                        return sample.value
            return None

        wait_until(lambda: value("trackhelm_watcher_ended_runs_total", status="FAILED") == 1)
        assert value("trackhelm_watcher_ended_runs_total", status="KILLED") == 0
        assert value("trackhelm_watcher_noted_runs_total") == 1
        assert value("trackhelm_watcher_leads") == 1
        wait_until(lambda: (value("trackhelm_watcher_last_pass_timestamp_seconds") or 0) > 1e9)
        assert value("trackhelm_watcher_pass_failures_total") == 0
        place.cluster.away = True
        wait_until(lambda: httpx2.get(f"{url}/ready").status_code == 503)
        assert httpx2.get(f"{url}/health").text == "OK", "a restart would not bring the cluster back"
        place.cluster.away = False
        wait_until(lambda: httpx2.get(f"{url}/ready").status_code == 200)
        process.terminate()
        process.communicate(timeout=120)


def test_a_watcher_without_its_packages_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "kubernetes"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kubernetes.client", None)
    for name in [name for name in sys.modules if name.startswith("trackhelm_watcher.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("TRACKHELM_WATCHER_NAMESPACES", "training")
    ended = CliRunner().invoke(app, ["watcher", "--data", str(tmp_path / "data")])
    assert ended.exit_code == 2
    assert "pip install 'trackhelm-server[kubernetes]'" in ended.stderr
    ended = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path / "data")])
    assert ended.exit_code == 1
    assert "wrong  watcher: kubernetes.client is not installed. Run `pip install" in ended.output


def doctor(place: Place, monkeypatch: pytest.MonkeyPatch, **given: Any) -> tuple[int, str]:
    for name, value in settings_of(place, **given).model_dump().items():
        monkeypatch.setenv(f"TRACKHELM_{name.upper()}", str(value))
    result = CliRunner().invoke(app, ["doctor", "--data", str(place.folder / "data")])
    return result.exit_code, result.output


@pytest.mark.over("sqlite")
def test_the_doctor_tells_what_the_watcher_may_not(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, output = doctor(place, monkeypatch)
    assert (code, "ok     watcher: pods, jobs and events of training can be read" in output) == (0, True)
    with kubernetes_api([]) as closed:
        code, output = doctor(place, monkeypatch, watcher_kubeconfig=closed.kubeconfig(tmp_path))
    assert code == 1
    assert "wrong  watcher: its account may not get pods in training; list pods in training; " in output
    assert "update leases in trackhelm. Bind the two Roles" in output
    code, output = doctor(place, monkeypatch, watcher_kubeconfig=closed.kubeconfig(tmp_path))
    assert (code, "wrong  watcher: the cluster does not answer" in output) == (1, True)


@pytest.mark.over("sqlite")
def test_what_is_asked_of_the_doctor_is_what_the_page_grants(place: Place) -> None:
    granted = {
        (group, resource, verb)
        for rule in documented_rules()
        for group in rule.groups
        for resource in rule.resources
        for verb in rule.verbs
    }
    assert granted == {*READS, *WRITES_LEASE}


@pytest.mark.over("sqlite")
def test_a_run_keeps_the_address_and_time_that_it_was_created_with(place: Place) -> None:
    before = now_ms()
    run = place.run("10.4.4.4")
    created = source_of(place, run)
    assert created.address == "10.4.4.4"
    assert created.time is not None
    assert before <= created.time <= now_ms()
    place.caller("10.4.4.5").post("runs/update", run_id=run, run_name="another")
    assert source_of(place, run) == created, "only who resumes it is where it runs"
