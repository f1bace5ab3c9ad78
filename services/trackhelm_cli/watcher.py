"""`trackhelm-server watcher` joins runs to their pods in a Kubernetes cluster, and ends those whose pod died.

Several may run: one leads, and the others take over when it dies.
"""

import os
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING, Final

import typer

from trackhelm_cli.monitoring import Monitoring
from trackhelm_cli.opening import opened_runtime
from trackhelm_cli.options import DatabaseOption, DataOption, failed, load
from trackhelm_core.settings import WatcherSettings
from trackhelm_core.telemetry.requests import new_request_id

if TYPE_CHECKING:
    from collections.abc import Callable

WATCHER_READY: Final = "watcher runs"


def _nothing(_run: str) -> None:
    """Do nothing: without a queue, the server compacts runs by itself."""


def watcher(data: DataOption = None, database_url: DatabaseOption = None) -> None:
    """Watch the pods of runs in a Kubernetes cluster until stopped; the database must have been migrated."""
    try:
        from trackhelm_watcher.cluster import ClusterError, open_cluster  # noqa: PLC0415 - an optional extra
        from trackhelm_watcher.service import Watcher  # noqa: PLC0415 - with it
    except ModuleNotFoundError as error:
        raise failed(
            f"the watcher needs {error.name}, which is not installed: "
            "pip install 'trackhelm-server[kubernetes]'"
        ) from error
    settings = load(WatcherSettings)
    monitoring = Monitoring()
    with opened_runtime(data, database_url, with_store=False) as runtime:
        ended: Callable[[str], None] = _nothing
        if runtime.redis is not None:
            # With Celery, which sends it.
            from trackhelm_ingest.tasks import COMPACT_RUN  # noqa: PLC0415

            ended = partial(runtime.redis.send, COMPACT_RUN)
        try:
            watching = Watcher(
                runtime.database,
                open_cluster(settings.watcher_kubeconfig),
                settings,
                # A pod that is started again has the same name, and does not lead any more.
                identity=f"{socket.gethostname()}_{os.getpid()}_{new_request_id()}",
                ended=ended,
                registry=monitoring.metrics,
            )
        except ClusterError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watching.stop())
        monitoring.is_working = watching.is_working
        monitoring.set_ready()
        monitoring.listen_as("watcher")
        typer.echo(WATCHER_READY)
        watching.run()
