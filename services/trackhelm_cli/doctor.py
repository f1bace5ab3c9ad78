"""`trackhelm-server doctor`: the settings with which the server would run, and checks of what it needs."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from sqlalchemy import make_url

from trackhelm_cli import checks
from trackhelm_cli.checks import Check, Finding, Outcome
from trackhelm_cli.options import DatabaseOption, DataOption, load
from trackhelm_core import __version__
from trackhelm_core.settings import (
    GROUPS,
    PREFIX,
    ObjectSettings,
    RedisSettings,
    StorageSettings,
    WatcherSettings,
    WebhookSettings,
)

_MARKS: Final = {Outcome.OK: "ok     ", Outcome.WARNING: "warn   ", Outcome.WRONG: "wrong  "}


def doctor(
    data: DataOption = None,
    database_url: DatabaseOption = None,
    *,
    skip: Annotated[
        list[Check] | None,
        typer.Option("--skip", help="A check to leave out, such as `artifacts` where no files are served."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the effective settings and check what the server needs; exit 1 if something is wrong."""
    given = {"data": data, "database_url": database_url}
    settings = list(_settings(given))
    skipped = frozenset(skip or ())
    if not as_json:
        typer.echo(f"trackhelm-server {__version__}\n\nSettings")
        for setting in settings:
            typer.echo(f"  {setting['name']}={setting['value']}  ({setting['origin']})")
        typer.echo("\nChecks")
    findings = []
    for finding in _findings(given, skipped):
        findings.append(finding)
        if not as_json:
            advice = f". {finding.advice}" if finding.advice else ""
            name = finding.check.value.replace("-", " ")
            typer.echo(f"  {_MARKS[finding.outcome]}{name}: {finding.found}{advice}")
    healthy = all(finding.outcome is not Outcome.WRONG for finding in findings)
    if as_json:
        told = {"version": __version__, "healthy": healthy, "settings": settings}
        typer.echo(json.dumps({**told, "findings": [asdict(finding) for finding in findings]}, indent=1))
    if not healthy:
        raise typer.Exit(1)


def _settings(given: dict[str, Any]) -> Iterator[dict[str, str]]:
    for group in GROUPS:
        names = {name: value for name, value in given.items() if name in group.model_fields}
        for name, value in load(group, **names).model_dump().items():
            variable = f"{PREFIX}{name.upper()}"
            origin = "environment" if variable in os.environ else "default"
            if names.get(name) is not None:
                origin = "option"
            yield {"name": variable, "value": str(_shown(name, value)), "origin": origin}


def _findings(given: dict[str, Any], skipped: frozenset[Check]) -> Iterator[Finding]:
    storage, objects = load(StorageSettings, **given), load(ObjectSettings)
    each: dict[Check, Callable[[], Iterator[Finding]]] = {
        Check.NAMES: checks.check_names,
        Check.FOLDER: lambda: checks.check_folder(storage, objects),
        Check.DATABASE: lambda: checks.check_database(storage, skipped),
        Check.QUEUE: lambda: _queue(load(RedisSettings), skipped),
        Check.ARTIFACTS: lambda: checks.check_artifacts(objects),
        Check.SECRETS: lambda: checks.check_secrets(load(WebhookSettings)),
        Check.READING: checks.check_reading,
        Check.WATCHER: lambda: checks.check_watcher(load(WatcherSettings)),
    }
    for check, find in each.items():
        if check not in skipped:
            yield from find()


def _queue(redis: RedisSettings, skipped: frozenset[Check]) -> Iterator[Finding]:
    url = redis.effective_redis_url
    if url is None:
        yield Finding(Check.QUEUE, Outcome.OK, "in this process, without a Redis")
        return
    from trackhelm_cli.queue_checks import check_queue  # noqa: PLC0415 - only where there is a Redis

    yield from check_queue(url, redis, skipped)


def _shown(name: str, value: object) -> object:
    # A URL may hold a password.
    if value and isinstance(value, str) and name.endswith("_url"):
        return make_url(value).render_as_string()
    return value
