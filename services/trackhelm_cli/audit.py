"""`trackhelm-server audit`: verify the audit trail, and export it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy.orm import Session

from trackhelm_cli.opening import opened_database
from trackhelm_cli.options import DatabaseOption, DataOption
from trackhelm_core.errors import ApiError
from trackhelm_core.wire.replies import encode
from trackhelm_domain.audit import Action, EntityType, Verification, known_event_fault
from trackhelm_registry.audit.logic import export_events
from trackhelm_registry.audit.schemas import EventFilter

audit = typer.Typer(help="Check the audit trail, or write it out.", no_args_is_help=True)


@audit.command()
def verify(
    known: Annotated[
        list[str] | None,
        typer.Option(help="ID:HASH of an event as it was noted before; may be given several times."),
    ] = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Read the audit trail; print each event that was changed, removed or inserted, and exit 1 if any."""
    noted = [_parse_known(text) for text in known or ()]
    with _reading(data, database_url) as session:
        trail = Verification()
        faults = 0
        for fault in trail.faults(session):
            faults += 1
            typer.echo(fault)
        for event_id, known_hash in noted:
            if fault_of_known := known_event_fault(session, event_id, known_hash):
                faults += 1
                typer.echo(fault_of_known)
    if faults:
        typer.echo(f"{trail.events} events, {faults} faults")
        raise typer.Exit(1)
    typer.echo(f"{trail.events} events, none changed, removed or inserted")
    typer.echo(f"newest: {trail.last_id}:{trail.last_hash}")


@audit.command()
def export(
    *,
    entity_type: Annotated[EntityType | None, typer.Option(help="Kind of what was changed.")] = None,
    entity_id: Annotated[str, typer.Option(help="Its id, or a registered model's name.")] = "",
    model_name: Annotated[str, typer.Option(help="A registered model; its versions too.")] = "",
    version: Annotated[int | None, typer.Option(help="Number of a model's version.")] = None,
    actor: Annotated[str, typer.Option(help="Name of who did it.")] = "",
    action: Annotated[Action | None, typer.Option(help="What was done.")] = None,
    since: Annotated[str | None, typer.Option(help="First moment: ISO 8601, UTC where no zone is.")] = None,
    until: Annotated[str | None, typer.Option(help="Moment after the last, likewise.")] = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Print events as JSON lines, the oldest first."""
    wanted = _filter(
        entity_type=entity_type,
        entity_id=entity_id,
        model_name=model_name,
        entity_version=version,
        actor=actor,
        action=action,
        since=_parse_time("--since", since),
        until=_parse_time("--until", until),
    )
    with _reading(data, database_url) as session:
        try:
            for event in export_events(session, wanted):
                sys.stdout.buffer.write(encode(event) + b"\n")
        except ApiError as error:
            raise typer.BadParameter(error.message) from error
    sys.stdout.buffer.flush()


@contextmanager
def _reading(data: Path | None, database_url: str | None) -> Iterator[Session]:
    """Open a session that reads one state of the database, however long it takes; exit 2 if it cannot."""
    with opened_database(data, database_url) as database, database.reading() as session:
        yield session


def _filter(**given: Any) -> EventFilter:
    try:
        return EventFilter(**given)
    except ValidationError as error:
        raise typer.BadParameter("; ".join(fault["msg"] for fault in error.errors())) from error


def _parse_known(text: str) -> tuple[int, str]:
    number, colon, noted = text.partition(":")
    if not (colon and number.isascii() and number.isdigit()):
        raise typer.BadParameter(f"--known {text!r}: expected ID:HASH, as `audit verify` prints the newest")
    return int(number), noted


def _parse_time(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{option} {text!r}: expected a time such as 2026-11-23T16:00+01:00"
        ) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
