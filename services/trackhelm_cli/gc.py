"""`trackhelm-server gc`: deletion for good of what is in the bin, as `mlflow gc` does for stock MLflow."""

from typing import Annotated

import typer

from trackhelm_cli.collecting import Collector, cutoff, parse_age
from trackhelm_cli.options import DatabaseOption, DataOption
from trackhelm_cli.runtimes import opened_runtime
from trackhelm_core.errors import ApiError
from trackhelm_core.validation import parse_experiment_id


def gc(
    *,
    older_than: Annotated[
        str, typer.Option(help="Only what has been in the bin for so long: `30d`, `1d2h3m4s`.")
    ] = "0s",
    run_ids: Annotated[str, typer.Option(help="Only these runs, separated by commas.")] = "",
    experiment_ids: Annotated[
        str, typer.Option(help="Only these experiments, with all that is in them, likewise.")
    ] = "",
    logged_model_ids: Annotated[str, typer.Option(help="Only these logged models, likewise.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    files: Annotated[bool, typer.Option("--files", help="Name each file, too; with --dry-run.")] = False,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Delete for good the runs, experiments and logged models that are in the bin, with their files."""
    try:
        before = cutoff(parse_age(older_than))
        experiments = [parse_experiment_id(each) for each in _listed(experiment_ids)]
    except (ValueError, ApiError) as error:
        raise typer.BadParameter(str(error)) from error
    if files and not dry_run:
        raise typer.BadParameter("--files says what a --dry-run would delete")
    runs, models = _listed(run_ids), _listed(logged_model_ids)
    with opened_runtime(data, database_url, untouched=dry_run) as runtime:
        collector = Collector(runtime, before, dry_run=dry_run, say=typer.echo, names_files=files)
        everything = not (runs or experiments or models)
        collector.check(runs, experiments, models)
        collector.experiments(None if everything else experiments)
        collector.runs(None if everything else runs)
        collector.models(None if everything else models)
        collected = collector.collected
        went = f"{collected.runs} runs, {collected.experiments} experiments, {collected.models} logged models"
        if dry_run:
            typer.echo(f"would delete {went}, {collected.files} files, {collected.size} bytes")
            return
        typer.echo(f"deleted {went}")
        done = collector.finish()
        if runtime.redis is not None:
            typer.echo("workers delete their rows and files")
        else:
            typer.echo(f"deleted {collected.files} files")
        if not done:
            typer.echo(
                "some files could not be deleted: the log lines above say why. Run this again.", err=True
            )
            raise typer.Exit(1)
    if collected.kept and not everything:
        raise typer.Exit(1)


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
