"""Runs of clients, pods of a cluster, and what a watcher makes of both."""

import uuid
from typing import Any

import pytest
from sqlalchemy import insert

from tests.fixtures.pods import CRASH_LOOP, DIGEST, NAMESPACE, container, event, job, running, terminated
from tests.fixtures.waiting import wait_until
from tests.integration.watcher.conftest import Place
from trackhelm_core.runtime import now_ms
from trackhelm_domain.opening import open_database
from trackhelm_domain.tables.webhooks import Webhook, WebhookEvent

OOM = terminated(137, reason="OOMKilled", finished=25)


def test_a_run_is_joined_by_the_address_that_it_was_created_from_and_ends_with_its_pod(place: Place) -> None:
    place.pod()
    run, other = place.run(), place.run("192.0.2.1")
    watcher = place.watcher()
    tags = place.joined(run)
    since = tags.pop("since")
    assert abs(int(since) - now_ms()) < 600_000
    assert tags == {
        "namespace": "training",
        "pod": place.name,
        "pod_uid": f"uid-of-{place.name}",
        "joined_by": "address",
        "node": "gpu-7",
        "job": "train",
        "container": "train",
        "image": "registry.example/train:1",
        "image_digest": DIGEST,
        "requests": '{"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "2"}',
        "limits": '{"memory": "4Gi", "nvidia.com/gpu": "2"}',
        "gpus": "2",
        "restarts": "0",
    }
    assert watcher.election.leads
    place.pod(container(state=OOM), phase="Failed")
    assert place.ended(run) == ("FAILED", "OOMKilled")
    ended = place.tags(run)
    assert ended["message"] == "Container train used more memory than its limit of 4Gi."
    assert ended["exit_code"] == "137"
    assert place.info(run)["end_time"] % 1_000 == 0, "it ended when the container did"
    assert place.info(other)["status"] == "RUNNING"
    assert not place.tags(other)


def test_what_a_watcher_writes_is_in_the_audit_trail(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    place.pod(container(state=OOM), phase="Failed")
    place.ended(run)
    joined, ended = place.events(run)
    assert {event["actor_kind"] for event in (joined, ended)} == {"watcher"}
    assert (joined["action"], ended["action"]) == ("tagged", "status_changed")
    assert joined["to"]["trackhelm.k8s.pod"] == place.name
    assert ended["from"]["status"] == "RUNNING"
    assert (ended["to"]["status"], ended["to"]["trackhelm.k8s.reason"]) == ("FAILED", "OOMKilled")


@pytest.mark.parametrize("with_uid", [False, True])
def test_a_run_is_joined_by_the_tag_that_its_client_sets(place: Place, with_uid: bool) -> None:  # noqa: FBT001
    found = place.pod()
    named = f"training/{place.name}" + (f"/{found['metadata']['uid']}" if with_uid else "")
    run = place.run("192.0.2.1", tags=[{"key": "trackhelm.pod", "value": named}])
    place.watcher()
    assert place.joined(run)["joined_by"] == "tag"
    place.pod(container(state=terminated(3)), phase="Failed")
    assert place.ended(run) == ("FAILED", "Error")


def test_a_run_that_says_so_is_in_no_pod(place: Place) -> None:
    place.pod()
    run, other = place.run(tags=[{"key": "trackhelm.pod", "value": "none"}]), place.run()
    place.watcher()
    place.joined(other)
    assert not place.tags(run)
    # Said later, it is forgotten.
    place.api.post("runs/set-tag", run_id=other, key="trackhelm.pod", value="none")
    wait_until(lambda: not place.tags(other))


def test_a_run_joins_the_pod_that_its_client_names_later(place: Place) -> None:
    place.pod()
    place.pod(name=f"{place.name}-b", address="10.99.99.99")
    run = place.run()
    place.watcher()
    assert place.joined(run)["pod"] == place.name
    place.api.post("runs/set-tag", run_id=run, key="trackhelm.pod", value=f"training/{place.name}-b")
    wait_until(lambda: place.tags(run)["joined_by"] == "tag")
    assert place.tags(run)["pod"] == f"{place.name}-b"


ENDS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "evicted": (
        {"reason": "Evicted", "message": "The node was low on resource: memory."},
        ("KILLED", "Evicted"),
    ),
    "preempted": (
        {"deleted": 20, "disrupted": ("PreemptionByScheduler", "preempting", 20)},
        ("KILLED", "Preempted"),
    ),
    "node gone": ({"disrupted": ("DeletionByPodGC", "no node", 20)}, ("KILLED", "NodeLost")),
    "deadline": ({"reason": "DeadlineExceeded"}, ("KILLED", "DeadlineExceeded")),
    "exit code": ({}, ("FAILED", "Error")),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_run_ends_with_the_truth(place: Place, case: str) -> None:
    given, expected = ENDS[case]
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    place.pod(container(state=terminated(143, finished=25)), phase="Failed", **given)
    assert place.ended(run) == expected


def test_a_program_that_ended_well_without_ending_its_run_has_finished(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.pod(container(state=terminated(0, finished=25)), phase="Succeeded")
    assert place.ended(run) == ("FINISHED", "Completed")


def test_a_pod_that_is_deleted_says_by_whom(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    told = event("Preempted", "Preempted by pod 7", by="default-scheduler", about=place.name)
    place.cluster.put("events", told)
    place.pod(deleted=22)
    place.delete_pod()
    assert place.ended(run) == ("KILLED", "Preempted")
    assert (place.tags(run)["deleted_by"], place.tags(run)["message"]) == (
        "default-scheduler",
        "Preempted by pod 7",
    )


def test_a_pod_that_goes_with_its_job_says_so(place: Place) -> None:
    place.cluster.put("jobs", job())
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    place.cluster.delete("jobs", NAMESPACE, "train")
    place.pod(deleted=22)
    place.delete_pod()
    assert place.ended(run) == ("KILLED", "Deleted")
    wait_until(lambda: place.tags(run).get("message"))
    assert place.tags(run)["message"] in {
        "Job train was deleted, and its pods with it.",
        # The two watches are told in any order.
        "The pod was deleted.",
    }


def test_a_pod_that_is_only_not_selected_any_more_goes_on(place: Place) -> None:
    place.pod(labels={"team": "vision"})
    other = place.cluster.put(
        "pods", place.pod(name=f"{place.name}-b", address="10.98.98.98", labels={"team": "vision"})
    )
    run, beside = place.run(), place.run("10.98.98.98")
    place.watcher(watcher_pod_selector="team=vision")
    place.joined(run)
    place.joined(beside)
    # The API tells a watch with a selector that such a pod is deleted.
    with place.cluster._changed:
        place.cluster._objects["pods"].pop((NAMESPACE, place.name))
    found = place.pod(labels={"team": "sound"})
    place.cluster.forget()
    assert found["metadata"]["uid"] == f"uid-of-{place.name}"
    place.cluster.delete("pods", NAMESPACE, other["metadata"]["name"])
    assert place.ended(beside) == ("KILLED", "Deleted"), "a pass has looked at both"
    assert place.info(run)["status"] == "RUNNING"


def test_a_pod_that_restarts_and_resumes_the_run_reopens_it(place: Place) -> None:
    place.pod(restart="OnFailure")
    run = place.run()
    place.watcher()
    place.joined(run)
    place.pod(container(state=CRASH_LOOP, last=OOM, restarts=1), restart="OnFailure")
    assert place.ended(run) == ("FAILED", "OOMKilled")
    # As the stock client does with MLFLOW_RUN_ID.
    end_time = place.info(run)["end_time"]
    place.caller(place.address).post("runs/update", run_id=run, status="RUNNING", end_time=end_time)
    place.pod(container(state=running(26), last=terminated(137, reason="OOMKilled", finished=21), restarts=1))
    wait_until(lambda: "reason" not in place.tags(run) and place.tags(run).get("restarts") == "1")
    tags = place.tags(run)
    assert tags["previous_reason"] == "OOMKilled"
    info = place.info(run)
    assert (info["status"], info.get("end_time")) == ("RUNNING", None)
    place.pod(container(state=terminated(0, finished=40), restarts=1), phase="Succeeded")
    assert place.ended(run) == ("FINISHED", "Completed")


def test_the_next_pod_of_a_job_resumes_the_run(place: Place) -> None:
    place.pod()
    run = place.run()
    place.watcher()
    place.joined(run)
    place.pod(container(state=terminated(1, finished=25)), phase="Failed")
    assert place.ended(run) == ("FAILED", "Error")
    address = "10.97.97.97"
    place.cluster.put("pods", place.pod(name=f"{place.name}-2", address=address))
    place.caller(address).post("runs/update", run_id=run, status="RUNNING")
    wait_until(lambda: place.tags(run).get("pod") == f"{place.name}-2")
    assert place.info(run)["status"] == "RUNNING"
    # Resumed where nobody watches, nothing is known of it any more.
    place.caller("192.0.2.9").post("runs/update", run_id=run, status="RUNNING")
    wait_until(lambda: not place.tags(run))
    assert place.info(run)["status"] == "RUNNING"


def subscribed(place: Place, *events: str) -> str:
    """Return the id of a webhook at an address that nobody may call: what waits for it stays."""
    values = {"url": "https://192.0.2.1/hook", "description": "", "secret": None, "status": "ACTIVE"}
    times = {"creation_time": 1, "last_update_time": 1}
    webhook = uuid.uuid4().hex
    database = open_database(place.url)
    with database.writing() as session:
        statement = insert(Webhook).values(uuid=webhook, name="pods", **values, **times)
        webhook_id = session.execute(statement.returning(Webhook.id)).scalar_one()
        session.execute(insert(WebhookEvent), [{"webhook_id": webhook_id, "event": each} for each in events])
    database.close()
    return webhook


def test_webhooks_are_told_of_the_end(place: Place) -> None:
    webhook = subscribed(place, "run.killed", "run.pod_ended")
    try:
        place.pod()
        run = place.run()
        place.watcher()
        place.joined(run)
        place.pod(container(state=terminated(143, finished=25)), phase="Failed", reason="Evicted")
        place.ended(run)
        listed = f"/api/2.0/trackhelm/webhooks/{webhook}/deliveries"
        found = place.api.get(listed)["deliveries"]
        assert {each["event"] for each in found} == {"run.killed", "run.pod_ended"}
        told = [each["body"]["data"] for each in found if each["event"] == "run.pod_ended"]
        assert (
            told[0].items()
            >= {
                "run_id": run,
                "status": "KILLED",
                "reason": "Evicted",
                "exit_code": 143,
                "pod": place.name,
                "node": "gpu-7",
                "job": "train",
            }.items()
        )
    finally:
        place.api.call("DELETE", f"webhooks/{webhook}")


def test_metrics_and_search_see_what_was_written(place: Place) -> None:
    place.pod()
    experiment = place.api.new_experiment()
    run = place.caller(place.address).new_run(experiment)
    place.api.post("runs/log-metric", run_id=run, key="loss", value=1.0, timestamp=1, step=1)
    place.watcher()
    place.joined(run)
    place.pod(container(state=OOM), phase="Failed")
    place.ended(run)
    found = place.api.post(
        "runs/search",
        experiment_ids=[experiment],
        filter="tags.`trackhelm.k8s.reason` = 'OOMKilled' and attributes.status = 'FAILED'",
    )["runs"]
    assert [each["info"]["run_id"] for each in found] == [run]
