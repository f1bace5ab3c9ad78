"""`trackhelm-server dead-letter`: inspect, retry and drop metrics that could not be stored.

With Redis they are in Redis, and otherwise in the journal, a table of the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from redis.exceptions import RedisError

from trackhelm_cli.opening import opened_database
from trackhelm_cli.options import DatabaseOption, DataOption, failed, load
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.settings import RedisSettings
from trackhelm_ingest.metrics.dead_letters import DeadLetter, DeadLetters, JournalDeadLetters, Letters
from trackhelm_ingest.metrics.entries import EntryFormatError, unpack_entry

dead_letter = typer.Typer(
    name="dead-letter",
    help="List, show, retry or drop metrics that could not be stored.",
    no_args_is_help=True,
)

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids, as `list` prints them.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every dead letter.")]


@dead_letter.command(name="list")
def list_letters(data: DataOption = None, database_url: DatabaseOption = None) -> None:
    """Print a line for each dead letter: its id, of one in Redis its time and partition, and the reason."""
    with _letters(data, database_url) as letters:
        for letter in letters.all():
            typer.echo("  ".join([letter.id, *_place(letter), letter.reason]))


@dead_letter.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID")],
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Print one dead letter: its run and points, or its bytes if they cannot be decoded."""
    with _letters(data, database_url) as letters:
        letter = _found(letters, letter_id)
    typer.echo(f"id: {letter.id}")
    if letter.time is not None:
        typer.echo(f"time: {_iso(letter.time)}\npartition: {letter.partition}")
    typer.echo(f"reason: {letter.reason}")
    try:
        entry = unpack_entry(letter.data)
    except EntryFormatError:
        typer.echo(f"bytes: {letter.data.hex()}")
        return
    typer.echo(f"run: {entry.run}")
    for series, points in entry.points.parts():
        labels = "".join(f" {name}={value}" for name, value in series.labels)
        typer.echo(f"{series.key!r}{labels}:")
        for step, timestamp, value in zip(points.steps, points.timestamps, points.values, strict=True):
            typer.echo(f"  step {step}  timestamp {timestamp}  value {value}")


@dead_letter.command()
def retry(
    ids: IdsArgument = None,
    *,
    everything: AllOption = False,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Queue dead letters again; points that are stored already are not stored twice."""
    with _letters(data, database_url) as letters:
        for letter in _chosen(letters, ids, everything=everything):
            letters.retry(letter)
            typer.echo(f"{letter.id} is queued again")


@dead_letter.command()
def drop(
    ids: IdsArgument = None,
    *,
    everything: AllOption = False,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Delete dead letters. Their metrics are lost."""
    with _letters(data, database_url) as letters:
        for letter in _chosen(letters, ids, everything=everything):
            letters.drop(letter)
            typer.echo(f"{letter.id} is dropped")


@contextmanager
def _letters(data: Path | None, database_url: str | None) -> Iterator[Letters]:
    """Open the dead letters that the settings and options lead to; exit 2 if they cannot be reached."""
    settings = load(RedisSettings)
    url = settings.effective_redis_url
    if url is None:
        with opened_database(data, database_url) as database:
            yield JournalDeadLetters(database)
        return
    redis = RedisConnection(url, settings)
    try:
        yield DeadLetters(redis.client)
    except RedisError as error:
        raise failed(f"Redis does not answer: {error}") from error
    finally:
        redis.close()


def _chosen(letters: Letters, ids: list[str] | None, *, everything: bool) -> list[DeadLetter]:
    if everything == bool(ids):
        raise failed("name the ids of dead letters, or --all")
    # All are looked up before any is changed, so that a wrong id changes nothing.
    return list(letters.all()) if everything else [_found(letters, letter_id) for letter_id in ids or ()]


def _found(letters: Letters, text: str) -> DeadLetter:
    try:
        letter = letters.find(text)
    except ValueError as error:
        raise failed(f"{text!r} is no id: {error}") from error
    if letter is None:
        raise failed(f"there is no dead letter {text}")
    return letter


def _place(letter: DeadLetter) -> list[str]:
    """Return when a letter in Redis became one, and its partition; of others that is unknown."""
    return [] if letter.time is None else [_iso(letter.time), f"partition {letter.partition}"]


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
