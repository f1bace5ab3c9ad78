"""`trackhelm-server beat`: sends the services' periodic tasks. Run only one: a second would repeat them."""

from typing import Any

import typer
from celery.signals import beat_init

from trackhelm_cli.queueing import load_celery
from trackhelm_stack.roles import BEAT_READY


def _announce(**_: Any) -> None:
    typer.echo(BEAT_READY)


def beat() -> None:
    """Send periodic tasks until the process is stopped."""
    app = load_celery(None, None)
    beat_init.connect(_announce)

    app.Beat(
        # The schedule is in memory only, because each task may be sent again at any time.
        scheduler_cls="celery.beat:Scheduler",
        redirect_stdouts=False,
        quiet=True,
    ).run()
