"""`trackhelm-server export`: writes what is here in the form of another tracking store."""

from pathlib import Path
from typing import Annotated

import typer

from trackhelm_cli.opening import opened_runtime
from trackhelm_cli.options import DatabaseOption, DataOption, failed
from trackhelm_cli.progress import ProgressLine
from trackhelm_importer.exporting import ExportError, export_sqlite

export = typer.Typer(
    help="Write what is here as a database that a stock MLflow server opens.", no_args_is_help=True
)


@export.callback()
def _targets() -> None:
    """Keep `mlflow-sqlite` a command of its own although it is the only one."""


@export.command(name="mlflow-sqlite")
def mlflow_sqlite(
    file: Annotated[Path, typer.Argument(help="The file to write, which must not exist.")],
    *,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Write a database that `mlflow server --backend-store-uri sqlite:///FILE` of MLflow 3.17 opens.

    A newer MLflow needs `mlflow db upgrade sqlite:///FILE` first. Files stay where they are.
    """
    line = ProgressLine()
    with opened_runtime(data, database_url, with_store=False) as runtime:
        try:
            rows = export_sqlite(runtime.database, file, line.show_runs)
        except ExportError as error:
            raise failed(str(error)) from error
    line.clear()
    for table, number in rows.items():
        typer.echo(f"{number:>12,} {table}")
