"""The command line: one command for each role, which is imported only when it is called.

A role needs only a part of the code, and `--help` needs no role: the summaries of commands are here.
"""

import atexit
import gc
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from keyword import iskeyword
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

_MAIN: Final = "Commands"
_ROLES: Final = "One process of many"

_OF_MANY: Final = {
    "ingest": "Run the service that handles every tracking write; the database must have been migrated.",
    "query": "Run the service that answers every tracking read; the database must have been migrated.",
    "artifact": "Run the service that stores and sends files; the database must have been migrated.",
    "registry": "Run the service of the model registry; the database must have been migrated.",
    "identity": "Run the service of users and their rights; the database must have been migrated.",
    "worker": "Run tasks until the process is stopped; the database must have been migrated.",
    "beat": "Send periodic tasks until the process is stopped.",
    "watcher": "Watch the pods of runs in a Kubernetes cluster until stopped; the database must have been"
    " migrated.",
    "gateway": "Pass each request on to the service of its path; TRACKHELM_INGEST_URL and so on are"
    " their addresses.",
    "gateway-config": "Print the configuration with which `gateway` would run nginx, from the same settings.",
}

_BESIDE: Final = {
    "beat": "worker",
    "export": "exporting",
    "gateway-config": "gateway",
    "import": "importing",
}
"""The module of a command that is not in one of its own name."""

SUMMARIES: Final = {
    "embedded": "Run the whole server in one process, on SQLite and a folder.",
    "stack": "Run every service as a process of its own, with a PostgreSQL, a Redis and an S3 server of their"
    " own.",
    "migrate": "Migrate the database's schema to this version; several processes may run it at once.",
    "doctor": "Print the effective settings and check what the server needs; exit 1 if something is wrong.",
    "dead-letter": "List, show, retry or drop metrics that could not be stored.",
    "admin": "Make administrators and let them in again; disable accounts.",
    "audit": "Check the audit trail, or write it out.",
    "artifacts": "Check the files of the store, or find what is left over.",
    "gc": "Delete for good the runs, experiments and logged models that are in the bin, with their files.",
    "webhooks": "List webhooks and their deliveries, send deliveries again, drop them; change the key of"
    " secrets.",
    "import": "Bring over what another tracking store holds, with the same ids, and prove that it is here.",
    "export": "Write what is here as a database that a stock MLflow server opens.",
    **_OF_MANY,
}
"""Each command with the first line of its help. Its function or group has the name of its module."""


@contextmanager
def _without_collection() -> Iterator[None]:
    """Collect no garbage while modules are imported, nor look through what they created later: it stays.

    Collections during the imports took 300 ms of the start of a server.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _build_models_at_first_use() -> None:
    """Let modules define pydantic's models without their validators, which are built when one is first used.

    To build all of them took 170 ms of every start: FastAPI alone has forty, of the OpenAPI document.
    """
    # Not needed to show the help.
    from pydantic import BaseModel  # noqa: PLC0415
    from pydantic.warnings import UnsupportedFieldAttributeWarning  # noqa: PLC0415

    BaseModel.model_config["defer_build"] = True
    # FastAPI hides it while it defines its routes; now it is given later.
    warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)


def load_command(name: str) -> Any:
    """Return a command, with all that it needs imported."""
    # A name that is a word of the language ends in an underscore, as elsewhere in Python.
    function = f"{name}_" if iskeyword(name) else name.replace("-", "_")
    with _without_collection():
        found = getattr(import_module(f"trackhelm_cli.{_BESIDE.get(name, function)}"), function)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(found)
    return get_command(alone)


class _Commands(TyperGroup):
    # Typer includes a copy of click and does not export its types.
    def list_commands(self, ctx: Any) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what `--help` shows of a command."""
        if cmd_name not in SUMMARIES:
            return None
        panel = _ROLES if cmd_name in _OF_MANY else _MAIN
        return TyperCommand(cmd_name, help=SUMMARIES[cmd_name], rich_help_panel=panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is to run, which begins with its name."""
        name, _shown, rest = super().resolve_command(ctx, args)
        with _without_collection():
            _build_models_at_first_use()
        return name, name and load_command(name), rest


app = typer.Typer(
    cls=_Commands,
    name="trackhelm-server",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def trackhelm_server() -> None:
    """Experiment tracking that speaks the MLflow REST protocol."""


def program() -> None:
    """Run the command line as the process's program, and end the process.

    Once obstore has been used, Python must not be torn down: before 3.14 a thread of its runtime that asks
    for the interpreter just then aborts the process, without a word. Of 1,200 processes that had done all
    their work, a dozen ended so. All else that is registered with `atexit` has run before.
    """
    status = 1

    def end() -> None:
        if "obstore" in sys.modules:
            # Nobody reads what cannot be flushed.
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    atexit.register(end)
    try:
        app(prog_name="trackhelm-server")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
    status = 0
