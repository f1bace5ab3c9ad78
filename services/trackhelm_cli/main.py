"""The command line: one command a role."""

import typer

from trackhelm_cli.audit import audit
from trackhelm_cli.doctor import doctor
from trackhelm_cli.embedded import embedded
from trackhelm_cli.migrate import migrate

app = typer.Typer(
    name="trackhelm-server",
    help="Experiment tracking that speaks the MLflow REST protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(embedded)
app.command()(migrate)
app.command()(doctor)
app.add_typer(audit, name="audit")
