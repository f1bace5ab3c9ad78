"""`trackhelm experiments`: list, show, create, rename, delete and restore experiments."""

from typing import Annotated, Any

import typer

from trackhelm.cli.output import JsonOption, YesOption, as_time, client, confirm, print_fields, print_rows
from trackhelm.client._base import all_pages
from trackhelm.entities import Experiment, ViewType
from trackhelm.exceptions import MlflowException

app = typer.Typer(no_args_is_help=True, help="List, create, rename, delete and restore experiments.")

ExperimentArgument = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A name or an id.")]
_PAGE = 1_000


def found(name_or_id: str) -> Experiment:
    """Return an experiment by its name, or else by its id."""
    experiment = client().get_experiment_by_name(name_or_id)
    if experiment is not None:
        return experiment
    if name_or_id.isdigit():
        return client().get_experiment(name_or_id)
    raise MlflowException(
        f"There is no experiment named {name_or_id!r}", error_code="RESOURCE_DOES_NOT_EXIST"
    )


def _fields(experiment: Experiment) -> dict[str, Any]:
    return {
        "id": experiment.experiment_id,
        "name": experiment.name,
        "state": experiment.lifecycle_stage,
        "created": as_time(experiment.creation_time),
        "updated": as_time(experiment.last_update_time),
        "artifacts": experiment.artifact_location,
        "tags": experiment.tags,
    }


@app.command("list")
def list_(
    filter_string: Annotated[str | None, typer.Option("--filter", help="Such as: name LIKE 'iris%'.")] = None,
    deleted: Annotated[bool, typer.Option(help="Those in the bin.")] = False,
    max_results: Annotated[int | None, typer.Option("--max", help="No more than so many.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List experiments, the newest first."""
    view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    experiments = all_pages(
        lambda most, token: client().search_experiments(view, most, filter_string, None, token),
        _PAGE,
        max_results,
    )
    print_rows(
        [_fields(one) for one in experiments], as_json=as_json, columns=("id", "name", "created", "updated")
    )


@app.command()
def show(experiment: ExperimentArgument, as_json: JsonOption = False) -> None:
    """Show an experiment."""
    print_fields(_fields(found(experiment)), as_json=as_json)


@app.command()
def create(
    name: str,
    artifact_location: Annotated[
        str | None, typer.Option(help="Where artifacts of its runs are stored.")
    ] = None,
) -> None:
    """Create an experiment and print its id."""
    typer.echo(client().create_experiment(name, artifact_location))


@app.command()
def rename(experiment: ExperimentArgument, new_name: str) -> None:
    """Give an experiment another name."""
    client().rename_experiment(found(experiment).experiment_id, new_name)


@app.command()
def delete(experiment: ExperimentArgument, yes: YesOption = False) -> None:
    """Put an experiment and its runs into the bin."""
    one = found(experiment)
    confirm(f"Put the experiment {one.name!r} and its runs into the bin?", yes=yes)
    client().delete_experiment(one.experiment_id)


@app.command()
def restore(experiment: ExperimentArgument) -> None:
    """Take an experiment and its runs out of the bin."""
    client().restore_experiment(found(experiment).experiment_id)
