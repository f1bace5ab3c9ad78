"""The endpoint that reads the trail: filters, pages, and what a page costs among many events."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures.api import Api
from tests.fixtures.sql import executed
from tests.integration.audit.trail import EVENTS, STAGES, Trail
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record

COUNT = 600
START = 1_000_000


@pytest.fixture(scope="module")
def filled(own_trail: Trail) -> Trail:
    """A trail of 600 events, a second apart: 20 models, 3 versions each, 10 actors."""
    actions = (Action.TAGGED, Action.DESCRIBED, Action.STAGE_CHANGED)
    with own_trail.runtime.database.writing() as session:
        for number in range(COUNT):
            version = number % 4 or None
            kind = EntityType.MODEL_VERSION if version else EntityType.REGISTERED_MODEL
            entity = Entity(kind, f"model {number % 20}", version)
            actor = Actor(f"user {number % 10}", ActorKind.USER, "10.0.0.1", "r")
            change = Change(entity, actions[number % 3], {"n": number}, {"n": number + 1})
            record(session, change, AuditContext(actor, START + number * 1_000))
    with own_trail.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return own_trail


def expected(condition: Any) -> list[int]:
    return [number + 1 for number in reversed(range(COUNT)) if condition(number)]


@pytest.mark.parametrize(
    ("wanted", "condition"),
    [
        ({}, lambda n: n >= 0),
        ({"model_name": "model 3"}, lambda n: n % 20 == 3),
        ({"model_name": "model 4", "entity_type": "registered_model"}, lambda n: n % 20 == 4),
        ({"model_name": "model 4", "entity_type": "run"}, lambda n: n < 0),
        ({"entity_type": "registered_model"}, lambda n: n % 4 == 0),
        ({"entity_type": "model_version", "entity_id": "model 1"}, lambda n: n % 20 == 1),
        ({"model_name": "model 3", "entity_version": 3}, lambda n: n % 20 == 3),
        ({"model_name": "model 3", "entity_version": 2}, lambda n: n < 0),
        ({"entity_version": 2**63 - 1}, lambda n: n < 0),
        ({"actor": "user 7"}, lambda n: n % 10 == 7),
        ({"action": "stage_changed"}, lambda n: n % 3 == 2),
        ({"since": START + 5_000, "until": START + 9_000}, lambda n: 5 <= n < 9),
        (
            {"actor": "user 7", "action": "tagged", "since": START + 90_000},
            lambda n: n in range(87, COUNT, 30) and n >= 90,
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_filter_finds_its_events_newest_first(
    filled: Trail, method: str, wanted: dict[str, Any], condition: Any
) -> None:
    answer = filled.api.call(method, EVENTS, max_results=1_000, **wanted)
    assert [found["id"] for found in answer.get("events", [])] == expected(condition)
    assert "next_page_token" not in answer


def test_pages_lead_to_every_event_once_though_new_ones_arrive(own_trail: Trail, filled: Trail) -> None:
    ids: list[int] = []
    page: dict[str, Any] = {"next_page_token": ""}
    while "next_page_token" in page:
        page = filled.api.get(EVENTS, actor="user 3", max_results=7, page_token=page["next_page_token"])
        ids += [found["id"] for found in page["events"]]
        filled.api.client.post(
            "/api/2.0/mlflow/registered-models/create", json={"name": f"m{len(ids)}"}, auth=("user 3", "x")
        )
    assert ids == expected(lambda n: n % 10 == 3)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"action": "eaten"}, "action"),
        ({"entity_type": "cake"}, "entity_type"),
        ({"since": -1}, "since"),
        ({"until": "x"}, "until"),
        ({"entity_version": 2**63}, "entity_version"),
        ({"max_results": 0}, "max_results"),
        ({"max_results": 1_001}, "max_results"),
        ({"page_token": "x"}, "page_token"),
        ({"model_name": "a", "entity_id": "b"}, "model_name"),
        ({"actor": "a\0"}, "actor"),
    ],
)
def test_what_a_filter_cannot_mean_is_refused(api: Api, wanted: dict[str, Any], told: str) -> None:
    assert told in api.refused("POST", EVENTS, "INVALID_PARAMETER_VALUE", **wanted)


def test_a_token_of_another_filter_is_refused(filled: Trail) -> None:
    token = filled.api.get(EVENTS, max_results=1)["next_page_token"]
    filled.api.refused("GET", EVENTS, "INVALID_PARAMETER_VALUE", actor="user 1", page_token=token)


@pytest.fixture
def statements(filled: Trail) -> Iterator[list[str]]:
    """Yield what the application executes, as it does so."""
    with executed(filled.engine) as noted:
        yield noted


def test_a_page_costs_one_statement(filled: Trail, statements: list[str]) -> None:
    filled.api.get(EVENTS, max_results=500)
    assert len(statements) == 1


def test_an_event_costs_three_statements(filled: Trail, statements: list[str]) -> None:
    filled.api.post("registered-models/create", name="counted")
    about_the_trail = [statement for statement in statements if "audit_" in statement]
    assert len(about_the_trail) == 3


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("", "pk_audit_event|USING INTEGER PRIMARY KEY|SCAN audit_event"),
        ("WHERE entity_id = 'model 3'", "ix_audit_event_entity"),
        ("WHERE entity_id = 'model 3' AND entity_version = 3", "ix_audit_event_version"),
        ("WHERE actor = 'user 3'", "ix_audit_event_actor"),
        ("WHERE action = 'restored'", "ix_audit_event_action"),
        ("WHERE entity_type = 'run'", "ix_audit_event_entity_type"),
    ],
)
def test_a_page_is_found_by_an_index_and_not_sorted(filled: Trail, condition: str, index: str) -> None:
    query = f"SELECT * FROM audit_event {condition} ORDER BY id DESC LIMIT 101"
    with filled.engine.connect() as connection:
        if filled.engine.dialect.name == "postgresql":
            # A table of this size is read whole otherwise; what is asked is whether the index serves.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_sort = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            plan = "\n".join(connection.scalars(text(f"EXPLAIN {query}")))
            assert "Sort" not in plan
        else:
            rows = connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
            plan = "\n".join(row.detail for row in rows)
            assert "TEMP B-TREE" not in plan
    assert any(name in plan for name in index.split("|")), plan


def test_the_stages_of_a_model_are_its_own_under_every_name_that_it_had(api: Api) -> None:
    first, second = f"stages {uuid.uuid4()}", f"stages {uuid.uuid4()}"

    def model(name: str) -> None:
        api.post("registered-models/create", name=name)
        api.post("model-versions/create", name=name, source="s3://models/1")

    def move(name: str, stage: str, comment: str = "") -> None:
        api.post("model-versions/transition-stage", name=name, version="1", stage=stage, comment=comment)

    def stages(name: str) -> list[tuple[int, str, str, str]]:
        answer = api.get(STAGES, name=name)
        return [
            (one["version"], one["from_stage"], one["to_stage"], one.get("comment", ""))
            for one in answer.get("transitions", [])
        ]

    # What another model of that name had is none of its own.
    model(first)
    move(first, "Production", "of another model")
    api.call("DELETE", "registered-models/delete", name=first)
    model(first)
    assert stages(first) == []
    move(first, "Staging", "first try")
    api.post("registered-models/rename", name=first, new_name=second)
    move(second, "Production")
    assert stages(second) == [(1, "None", "Staging", "first try"), (1, "Staging", "Production", "")]
    # Nor is what the model had that was renamed.
    model(first)
    assert stages(first) == []
