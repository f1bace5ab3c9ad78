"""`trackhelm-server dead-letter`: inspect, retry and drop metrics that a worker could not store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from redis.exceptions import RedisError

from trackhelm_cli.options import failed, load
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import StreamId
from trackhelm_core.settings import RedisSettings
from trackhelm_ingest.metrics.dead_letters import DeadLetter, DeadLetters
from trackhelm_ingest.metrics.entries import EntryFormatError, unpack_entry

dead_letter = typer.Typer(
    name="dead-letter",
    help="List, show, retry or drop metrics that could not be stored.",
    no_args_is_help=True,
)

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids, as `list` prints them.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every dead letter.")]


@dead_letter.command(name="list")
def list_letters() -> None:
    """Print a line for each dead letter: id, time, partition, reason."""
    with _letters() as letters:
        for letter in letters.all():
            typer.echo(f"{letter.id}  {_time(letter)}  partition {letter.partition}  {letter.reason}")


@dead_letter.command()
def show(letter_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print one dead letter: its run and points, or its bytes if they cannot be decoded."""
    with _letters() as letters:
        letter = _found(letters, letter_id)
    typer.echo(
        f"id: {letter.id}\ntime: {_time(letter)}\npartition: {letter.partition}\nreason: {letter.reason}"
    )
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
def retry(ids: IdsArgument = None, *, everything: AllOption = False) -> None:
    """Queue dead letters again; points that are stored already are not stored twice."""
    with _letters() as letters:
        for letter in _chosen(letters, ids, everything=everything):
            letters.retry(letter)
            typer.echo(f"{letter.id} is queued again")


@dead_letter.command()
def drop(ids: IdsArgument = None, *, everything: AllOption = False) -> None:
    """Delete dead letters. Their metrics are lost."""
    with _letters() as letters:
        for letter in _chosen(letters, ids, everything=everything):
            letters.drop(letter.id)
            typer.echo(f"{letter.id} is dropped")


@contextmanager
def _letters() -> Iterator[DeadLetters]:
    settings = load(RedisSettings)
    url = settings.effective_redis_url
    if url is None:
        raise failed("TRACKHELM_REDIS_URL is not set: dead letters are kept in Redis")
    redis = RedisConnection(url, settings)
    try:
        yield DeadLetters(redis.client)
    except RedisError as error:
        raise failed(f"Redis does not answer: {error}") from error
    finally:
        redis.close()


def _chosen(letters: DeadLetters, ids: list[str] | None, *, everything: bool) -> list[DeadLetter]:
    if everything == bool(ids):
        raise failed("name the ids of dead letters, or --all")
    # All are looked up before any is changed, so that a wrong id changes nothing.
    return list(letters.all()) if everything else [_found(letters, letter_id) for letter_id in ids or ()]


def _found(letters: DeadLetters, text: str) -> DeadLetter:
    try:
        letter = letters.find(StreamId.parse(text.encode()))
    except ValueError as error:
        raise failed(f"{text!r} is no id: an id is two numbers, as in 1795451629418-0") from error
    if letter is None:
        raise failed(f"there is no dead letter {text}")
    return letter


def _time(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.id.milliseconds / 1000, UTC).isoformat(timespec="seconds")
