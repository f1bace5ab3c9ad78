"""Many changes at once: one order, no event lost, no deadlock, over both databases."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

from tests.fixtures.api import Api
from tests.integration.audit.trail import Trail

CLIENTS = 32


def test_two_transitions_at_once_have_one_order_and_both_events(trail: Trail, api: Api, name: str) -> None:
    api.post("registered-models/create", name=name)
    api.post("model-versions/create", name=name, source="s3://bucket/model")
    together = Barrier(2)

    def move(stage: str) -> None:
        together.wait(60)
        api.post("model-versions/transition-stage", name=name, version="1", stage=stage)

    with ThreadPoolExecutor(2) as clients:
        list(clients.map(move, ["Staging", "Production"]))
    first, second = reversed(trail.events(model_name=name, action="stage_changed"))
    assert first["from"] == {"stage": "None"}
    assert first["to"] == second["from"]
    assert {first["to"]["stage"], second["to"]["stage"]} == {"Staging", "Production"}
    now = api.get("model-versions/get", name=name, version="1")["model_version"]["current_stage"]
    assert now == second["to"]["stage"]
    assert second["previous_hash"] == first["hash"]


def test_changes_of_everything_by_many_make_one_whole_chain(trail: Trail, api: Api, name: str) -> None:
    names = [f"{name}-{number}" for number in range(4)]
    for each in names:
        api.post("registered-models/create", name=each)
        api.post("model-versions/create", name=each, source="s3://bucket/model")
    run_ids = [api.new_run() for _ in range(CLIENTS)]

    def change(client: int) -> None:
        own = names[client % 4]
        api.post("registered-models/set-tag", name=own, key="client", value=str(client))
        api.post("runs/delete", run_id=run_ids[client])
        api.post("registered-models/alias", name=own, alias=f"a{client}", version="1")
        api.post("model-versions/create", name=own, source="s3://bucket/model")
        api.post("registered-models/create", name=f"{name}-of-{client}")

    with trail.added() as events, ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(change, range(CLIENTS)))
    assert len(events) == 5 * CLIENTS
    assert [event["id"] for event in events] == list(range(events[0]["id"], events[0]["id"] + 5 * CLIENTS))
    tagged = [event for event in events if event["action"] == "tagged"]
    for own in names:
        values = [event for event in tagged if event["entity_id"] == own]
        for earlier, later in pairwise(values):
            assert later["from"] == earlier["to"]
    assert trail.faults() == []
