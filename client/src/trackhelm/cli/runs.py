"""`trackhelm runs`: list, show, compare, export, check, delete and restore runs."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from trackhelm.cli.experiments import found
from trackhelm.cli.output import (
    JsonOption,
    YesOption,
    as_duration,
    as_time,
    client,
    confirm,
    print_fields,
    print_rows,
    write_csv,
)
from trackhelm.client._base import all_pages
from trackhelm.entities import Run, ViewType
from trackhelm.fluent.experiments import DEFAULT_EXPERIMENT_ID, search_experiments

app = typer.Typer(no_args_is_help=True, help="List, show, compare, export, check, delete and restore runs.")

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The id of a run.")]
RunsArgument = Annotated[list[str], typer.Argument(metavar="RUN...", help="The ids of runs.")]
ExperimentsOption = Annotated[
    list[str] | None, typer.Option("--experiment", "-e", help="A name or id; all experiments without.")
]
FilterOption = Annotated[str, typer.Option("--filter", "-f", help="Such as: metrics.loss < 0.5.")]
OrderOption = Annotated[list[str] | None, typer.Option("--order-by", help="Such as: metrics.loss ASC.")]
DeletedOption = Annotated[bool, typer.Option(help="Those in the bin.")]

_PAGE = 1_000
_COLUMNS = ("id", "name", "status", "started", "took", "user")


def _search(
    experiments: list[str] | None,
    filter_string: str,
    order_by: list[str] | None,
    max_results: int | None,
    deleted: bool,
) -> list[Run]:
    ids = (
        [found(one).experiment_id for one in experiments]
        if experiments
        else [one.experiment_id for one in search_experiments()]
    )
    view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    return all_pages(
        lambda most, token: client().search_runs(ids, filter_string, view, most, order_by, token),
        _PAGE,
        max_results,
    )


def _fields(run: Run) -> dict[str, Any]:
    info = run.info
    return {
        "id": info.run_id,
        "name": info.run_name,
        "experiment": info.experiment_id,
        "status": info.status,
        "state": info.lifecycle_stage,
        "started": as_time(info.start_time),
        "took": as_duration(info.start_time, info.end_time),
        "user": info.user_id,
        "artifacts": info.artifact_uri,
        "metrics": run.data.metrics,
        "params": run.data.params,
        "tags": run.data.tags,
        "inputs": [
            f"{used.dataset.name} {used.dataset.digest}"
            for used in (run.inputs.dataset_inputs if run.inputs else [])
        ],
    }


@app.command("list")
def list_(
    experiment: ExperimentsOption = None,
    filter_string: FilterOption = "",
    order_by: OrderOption = None,
    max_results: Annotated[int, typer.Option("--max", help="No more than so many.")] = 50,
    metrics: Annotated[list[str] | None, typer.Option("--metric", "-m", help="A metric as a column.")] = None,
    params: Annotated[list[str] | None, typer.Option("--param", "-p", help="A param as a column.")] = None,
    deleted: DeletedOption = False,
    as_json: JsonOption = False,
) -> None:
    """List runs, the newest first."""
    rows = []
    for run in _search(experiment, filter_string, order_by, max_results, deleted):
        row = _fields(run)
        row |= {key: run.data.metrics.get(key) for key in metrics or ()}
        row |= {key: run.data.params.get(key) for key in params or ()}
        rows.append(row)
    print_rows(rows, as_json=as_json, columns=(*_COLUMNS, *(metrics or ()), *(params or ())))


@app.command()
def show(run: RunArgument, as_json: JsonOption = False) -> None:
    """Show a run."""
    print_fields(_fields(client().get_run(run)), as_json=as_json)


@app.command()
def compare(
    runs: RunsArgument,
    differences: Annotated[bool, typer.Option("--differences", "-d", help="Only what differs.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the params and metrics of runs beside each other."""
    every = [client().get_run(run) for run in runs]
    rows: list[dict[str, Any]] = []
    for kind in ("params", "metrics"):
        values: list[dict[str, Any]] = [getattr(run.data, kind) for run in every]
        for key in sorted({key for found_ in values for key in found_}):
            cells = [one.get(key) for one in values]
            if not differences or any(cell != cells[0] for cell in cells):
                rows.append(
                    {"": f"{kind}.{key}"}
                    | {_title(run): cell for run, cell in zip(every, cells, strict=True)}
                )
    print_rows(rows, as_json=as_json)


def _title(run: Run) -> str:
    return f"{run.info.run_name} {run.info.run_id[:8]}"


@app.command()
def export(
    experiment: ExperimentsOption = None,
    filter_string: FilterOption = "",
    order_by: OrderOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; printed without.")] = None,
    max_results: Annotated[int | None, typer.Option("--max", help="No more than so many.")] = None,
    deleted: DeletedOption = False,
) -> None:
    """Write runs as CSV: a column for each metric, param and tag."""
    rows = []
    for run in _search(experiment, filter_string, order_by, max_results, deleted):
        row: dict[str, Any] = {
            "run_id": run.info.run_id,
            "run_name": run.info.run_name,
            "experiment_id": run.info.experiment_id,
            "status": run.info.status,
            "start_time": run.info.start_time,
            "end_time": run.info.end_time,
        }
        for kind in ("metrics", "params", "tags"):
            row |= {f"{kind}.{key}": value for key, value in getattr(run.data, kind).items()}
        rows.append(row)
    if output is None:
        write_csv(rows, sys.stdout)
        return
    with output.open("w", newline="", encoding="utf-8") as file:
        write_csv(rows, file)


@app.command()
def delete(runs: RunsArgument, yes: YesOption = False) -> None:
    """Put runs into the bin."""
    confirm(
        f"Put {len(runs)} runs into the bin?" if len(runs) > 1 else f"Put the run {runs[0]} into the bin?",
        yes=yes,
    )
    for run in runs:
        client().delete_run(run)


@app.command()
def restore(runs: RunsArgument) -> None:
    """Take runs out of the bin."""
    for run in runs:
        client().restore_run(run)


@app.command()
def doctor(run: RunArgument, as_json: JsonOption = False) -> None:
    """Check what a run lacks for being repeated; exit 1 if it lacks something."""
    lacks = lacking(client().get_run(run))
    print_rows([{"lacks": text} for text in lacks], as_json=as_json)
    if lacks:
        raise typer.Exit(1)


def lacking(run: Run) -> list[str]:
    """Return what a run lacks for being repeated by somebody else."""
    tags, files = run.data.tags, {file.path for file in client().list_artifacts(run.info.run_id)}
    inputs = run.inputs.dataset_inputs if run.inputs else []
    failures = {
        "no data version: log_input names no dataset": not inputs,
        "a dataset without a version": any(not used.dataset.digest for used in inputs),
        "no commit: the program is in no git repository": "mlflow.source.git.commit" not in tags,
        "uncommitted changes": tags.get("mlflow.source.git.dirty") == "true",
        "the default experiment": run.info.experiment_id == DEFAULT_EXPERIMENT_ID,
        "no params": not run.data.params,
        "no metrics": not run.data.metrics,
        "no list of packages: environment.json is not there": "environment.json" not in files,
        f"no good end: it is {run.info.status}": run.info.status != "FINISHED",
    }
    return [text for text, is_so in failures.items() if is_so]
