"""The command line: one command a role."""

import typer

from trackhelm_cli.artifact import artifact
from trackhelm_cli.beat import beat
from trackhelm_cli.doctor import doctor
from trackhelm_cli.embedded import embedded
from trackhelm_cli.gateway import gateway
from trackhelm_cli.ingest import ingest
from trackhelm_cli.migrate import migrate
from trackhelm_cli.query import query
from trackhelm_cli.registry import registry
from trackhelm_cli.stack import stack
from trackhelm_cli.worker import worker

ONE_OF_MANY = "One process of many"

app = typer.Typer(
    name="trackhelm-server",
    help="Experiment tracking that speaks the MLflow REST protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for program in (embedded, stack, migrate, doctor):
    app.command()(program)
for role in (ingest, query, artifact, registry, gateway):
    app.command(rich_help_panel=ONE_OF_MANY)(role)
app.command(rich_help_panel=ONE_OF_MANY)(worker)
app.command(rich_help_panel=ONE_OF_MANY)(beat)
