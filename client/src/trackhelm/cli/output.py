"""How commands print: tables for people, JSON for programs, progress bars, and failures."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import IO, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from trackhelm.client import MlflowClient

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_WIDTH_WITHOUT_TERMINAL: Final = 200


def client() -> MlflowClient:
    """Return the client of the tracking URI that the command line or the environment names."""
    return MlflowClient()


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print rows as a table, or as JSON.

    Args:
        rows: Each with its values by the names of columns.
        as_json: Print JSON, with all that the rows have.
        columns: The columns of the table, in their order; those of the first row by default.
    """
    if as_json:
        print_json(list(rows))
        return
    shown = columns or list(rows[0] if rows else ())
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in shown:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(as_text(row.get(column)) for column in shown))
    console().print(table if rows else "none")


def print_fields(fields: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what one thing has: a line for each field, or a JSON object."""
    if as_json:
        print_json(dict(fields))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if isinstance(value, Mapping):
            value = "\n".join(f"{key} = {as_text(item)}" for key, item in value.items())  # noqa: PLW2901 - shown so
        table.add_row(name, as_text(value))
    console().print(table)


def write_csv(rows: Sequence[Mapping[str, Any]], file: IO[str]) -> None:
    """Write rows as CSV, with a column for each name that any of them has."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows(rows)


def as_text(value: Any) -> str:
    """Return a value as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def as_time(milliseconds: int | None) -> str:
    """Return a time, in milliseconds since 1970, as people read it: in their zone."""
    if not milliseconds:
        return ""
    return (
        datetime.fromtimestamp(milliseconds / 1000, timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    )


def as_duration(start: int, end: int | None) -> str:
    """Return how long something took, from two times in milliseconds; nothing while it goes on."""
    if end is None:
        return ""
    seconds = max(0, end - start) / 1000
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return (
        f"{hours}h{minutes:02}m{rest:02.0f}s"
        if hours
        else f"{minutes}m{rest:02.0f}s"
        if minutes
        else f"{rest:.1f}s"
    )


def confirm(question: str, *, yes: bool) -> None:
    """Ask whether something is to be done, unless it is said already; end the command if it is not."""
    if not yes:
        typer.confirm(question, abort=True)


def console() -> Console:
    """Return where is printed: as wide as the terminal, and wide enough for every column elsewhere."""
    return Console(
        width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, soft_wrap=not sys.stdout.isatty()
    )


@contextmanager
def progress(what: str, total: int | None) -> "Iterator[Any]":
    """Show a bar while files are moved; what is yielded is called for each that is done.

    Args:
        what: What is shown beside the bar.
        total: The number of files, if it is known.
    """
    shown = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=shown, disable=not shown.is_terminal) as bars:
        task = bars.add_task(what, total=total)

        def done(_name: str) -> None:
            bars.advance(task)

        yield done


@contextmanager
def bytes_read(what: str, size: int | None) -> "Iterator[Any]":
    """Show a bar while a file is read; what is yielded is called with the rows and the bytes that were read.

    Args:
        what: What is shown beside the bar.
        size: The bytes of the file, if they are known.
    """
    shown = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]} rows"),
    )
    with Progress(*columns, console=shown, disable=not shown.is_terminal) as bars:
        task = bars.add_task(what, total=size, rows=0)

        def done(rows: int, read: int) -> None:
            bars.update(task, completed=read, rows=rows)

        yield done
