"""`trackhelm-server beat`: sends the services' periodic tasks. Run one: a second would send them twice."""

from typing import Any

import typer
from celery.signals import beat_init

from trackhelm_cli.queueing import load_celery
from trackhelm_stack.roles import BEAT_READY


def _announce(**_: Any) -> None:
    typer.echo(BEAT_READY)


def beat() -> None:
    """Send periodic tasks until told to stop."""
    app = load_celery(None, None)
    beat_init.connect(_announce)

    app.Beat(
        # In memory: when a task was last sent is not worth a file, each may be sent again at any time.
        scheduler_cls="celery.beat:Scheduler",
        redirect_stdouts=False,
        quiet=True,
    ).run()
