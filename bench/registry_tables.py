"""Fills both databases with one model of many versions and many models of a few, Trackhelm's with events."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import psycopg

from bench.tables import analyze, copy_rows
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.opening import open_database

BIG: Final = "big"
ALIASES: Final = {"champion": 77, "challenger": 78, "stable": 5}
EVENTS_AT_ONCE: Final = 1_000
START: Final = 1_700_000_000_000
ACTORS: Final = 10


@dataclass(frozen=True, slots=True)
class Version:
    """A version, with the attributes that both systems have. Times are milliseconds since the epoch."""

    model: str
    number: int
    stage: str
    time: int

    @property
    def source(self) -> str:
        """The URI of its files."""
        return f"s3://models/{self.model}/{self.number}"

    @property
    def run_id(self) -> str:
        """Its run; four versions share each run."""
        return f"{self.number // 4:032x}" if self.model == BIG else f"{hash_of(self.model):032x}"

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Two tags, one of which is rare."""
        return ("checked", "yes" if self.number % 1_000 == 1 else "no"), ("team", f"team {self.number % 7}")


@dataclass(frozen=True, slots=True)
class Registry:
    """The amount of data: versions of the big model, and other models with five versions each."""

    versions: int
    models: int

    def names(self) -> list[str]:
        """Return the names of all models."""
        return [BIG, *(f"model {number:05}" for number in range(self.models))]

    def all_versions(self) -> Iterator[Version]:
        """Yield the versions of all models."""
        live = {self.versions // 2: "Production", self.versions // 2 + 1: "Staging"}
        for number in range(1, self.versions + 1):
            stage = live.get(number, "Archived" if number % 10 == 0 else "None")
            yield Version(BIG, number, stage, START + number)
        for model in self.names()[1:]:
            for number in range(1, 6):
                time = START + hash_of(model) % self.versions
                yield Version(model, number, "Production" if number == 1 else "None", time)


def hash_of(model: str) -> int:
    """Return a number for a model's name, which is the same each time."""
    return int.from_bytes(model.encode(), "big") % 2**61


def load_stock(url: str, registry: Registry) -> None:
    """Fill stock's tables."""
    with psycopg.connect(url) as connection:
        copy_rows(
            connection,
            "registered_models",
            "name, creation_time, last_updated_time, description",
            ((name, START, START, "") for name in registry.names()),
        )
        copy_rows(
            connection,
            "model_versions",
            "name, version, creation_time, last_updated_time, description, current_stage, source,"
            " storage_location, run_id, run_link, status",
            (
                (
                    each.model, each.number, each.time, each.time, "", each.stage, each.source, each.source,
                    each.run_id, "", "READY",
                )
                for each in registry.all_versions()
            ),
        )  # fmt: skip
        tags = ((each.model, each.number, *tag) for each in registry.all_versions() for tag in each.tags)
        copy_rows(connection, "model_version_tags", "name, version, key, value", tags)
        aliases = ((BIG, *alias) for alias in ALIASES.items())
        copy_rows(connection, "registered_model_aliases", "name, alias, version", aliases)
    analyze(url)


def load_trackhelm(url: str, registry: Registry) -> None:
    """Fill Trackhelm's tables; each version has an event in the audit trail."""
    with psycopg.connect(url) as connection:
        models = {name: number for number, name in enumerate(registry.names(), 1)}
        copy_rows(
            connection,
            "registered_model",
            "id, name, description, creation_timestamp, last_updated_timestamp, next_version",
            ((number, name, "", START, START, 2**30) for name, number in models.items()),
        )
        copy_rows(
            connection,
            "model_version",
            "id, registered_model_id, version, description, current_stage, source, storage_location, run_id,"
            " run_link, creation_timestamp, last_updated_timestamp",
            (
                (
                    row, models[each.model], each.number, "", each.stage, each.source, each.source,
                    each.run_id, "", each.time, each.time,
                )
                for row, each in enumerate(registry.all_versions(), 1)
            ),
        )  # fmt: skip
        tags = ((row, *tag) for row, each in enumerate(registry.all_versions(), 1) for tag in each.tags)
        copy_rows(connection, "model_version_tag", "model_version_id, key, value", tags)
        aliases = ((models[BIG], *alias) for alias in ALIASES.items())
        copy_rows(connection, "registered_model_alias", "registered_model_id, alias, version", aliases)
        for table in ("registered_model", "model_version"):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
    _record_events(url.replace("postgresql://", "postgresql+psycopg://", 1), registry)
    analyze(url)


def _record_events(url: str, registry: Registry) -> None:
    database = open_database(url)
    versions = registry.all_versions()
    while some := list(islice(versions, EVENTS_AT_ONCE)):
        with database.writing() as session:
            for each in some:
                entity = Entity(EntityType.MODEL_VERSION, each.model, each.number)
                actor = Actor(f"user {each.number % ACTORS}", ActorKind.USER, "10.0.0.1", "0123456789abcdef")
                state: State = {"stage": each.stage, "source": each.source, "tags": dict(each.tags)}
                action = Action.STAGE_CHANGED if each.number % 50 == 0 else Action.CREATED
                record(session, Change(entity, action, None, state), AuditContext(actor, each.time))
    database.close()
