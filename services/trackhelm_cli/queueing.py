"""The Celery application that the roles `worker` and `beat` share."""

from pathlib import Path
from typing import Any

import typer
from celery import Celery
from celery.signals import setup_logging

from trackhelm_cli.options import load, load_webhooks, warn_of_unknown_names
from trackhelm_core.settings import LogSettings, RedisSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_worker.compose import build_celery


def load_celery(data: Path | None, database_url: str | None) -> Celery:
    """Return the application for the settings and options; exit 2 without a Redis."""
    storage = load(StorageSettings, data=data, database_url=database_url)
    redis = load(RedisSettings)
    load_webhooks()
    if redis.effective_redis_url is None:
        typer.echo("TRACKHELM_REDIS_URL is not set: tasks wait in Redis", err=True)
        raise typer.Exit(2)
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    # If this signal has a receiver, Celery does not configure logging.
    setup_logging.connect(_keep_logging)
    return build_celery(storage, redis)


def _keep_logging(**_: Any) -> None:
    """Do nothing."""
