"""The command line: one command for each role, which is imported only when it is called.

A role needs only a part of the code, and starts half a second sooner without the rest.
"""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

_MAIN: Final = "Commands"
_ROLES: Final = "One process of many"

PANELS: Final = {
    "embedded": _MAIN,
    "stack": _MAIN,
    "migrate": _MAIN,
    "doctor": _MAIN,
    "dead-letter": _MAIN,
    "audit": _MAIN,
    "artifacts": _MAIN,
    "gc": _MAIN,
    "webhooks": _MAIN,
    "ingest": _ROLES,
    "query": _ROLES,
    "artifact": _ROLES,
    "registry": _ROLES,
    "worker": _ROLES,
    "beat": _ROLES,
    "gateway": _ROLES,
    "gateway-config": _ROLES,
}
"""Each command with its panel in `--help`. Its function or group has the name of its module."""


class _Commands(TyperGroup):
    # Typer includes a copy of click and does not export its types.
    def list_commands(self, ctx: Any) -> list[str]:
        return list(PANELS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in PANELS:
            return None
        name = cmd_name.replace("-", "_")
        found = getattr(import_module(f"trackhelm_cli.{name}"), name)
        if isinstance(found, typer.Typer):
            return get_command(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name, rich_help_panel=PANELS[cmd_name])(found)
        return get_command(alone)


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
