"""`trackhelm-server worker`: runs the services' tasks from the queues."""

from typing import Annotated, Any

import typer
from celery.signals import worker_ready

from trackhelm_cli.options import DatabaseOption, DataOption
from trackhelm_cli.queueing import load_celery
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_stack.roles import WORKER_READY


def _announce(**_: Any) -> None:
    typer.echo(WORKER_READY)


def worker(
    data: DataOption = None,
    database_url: DatabaseOption = None,
    queues: Annotated[
        list[TaskQueue] | None, typer.Option("--queue", help="Queue to take tasks from; default: all.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Tasks that run at once; default: one a processor.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Run so many tasks at once on threads of one process: for calls that wait."),
    ] = None,
) -> None:
    """Run tasks until the process is stopped; the database must have been migrated."""
    app = load_celery(data, database_url)
    worker_ready.connect(_announce)

    process = app.Worker(
        queues=[queue.value for queue in queues or TaskQueue],
        pool="threads" if threads else "prefork",
        concurrency=threads or concurrency,
        redirect_stdouts=False,
        # Workers do not exchange anything here, and looking for other workers takes a second.
        without_mingle=True,
        without_gossip=True,
        quiet=True,
    )
    process.start()
    raise typer.Exit(process.exitcode or 0)
