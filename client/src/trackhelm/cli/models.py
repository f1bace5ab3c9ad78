"""`trackhelm models`: registered models, their versions, stages and aliases."""

from typing import Annotated, Any

import typer

from trackhelm.cli import serving
from trackhelm.cli.output import JsonOption, YesOption, as_time, client, confirm, print_fields, print_rows
from trackhelm.entities.model_registry import ModelVersion
from trackhelm.fluent.models import register_model, search_model_versions, search_registered_models

app = typer.Typer(no_args_is_help=True, help="Registered models, and what runs them.")
for command in (serving.serve, serving.predict, serving.dockerfile):
    app.command()(command)
app.command("deploy-spec")(serving.deploy_spec)


def _version(version: ModelVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "stage": version.current_stage,
        "aliases": ", ".join(version.aliases),
        "created": as_time(version.creation_timestamp),
        "run": version.run_id,
        "source": version.source,
        "description": version.description,
        "tags": version.tags,
    }


@app.command("list")
def list_(
    filter_string: Annotated[str | None, typer.Option("--filter", help="Such as: name LIKE 'iris%'.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List registered models."""
    rows = [
        {
            "name": model.name,
            "versions": ", ".join(f"{one.version} ({one.current_stage})" for one in model.latest_versions),
            "aliases": ", ".join(f"{alias} = {version}" for alias, version in model.aliases.items()),
            "updated": as_time(model.last_updated_timestamp),
            "description": model.description,
            "tags": model.tags,
        }
        for model in search_registered_models(filter_string=filter_string)
    ]
    print_rows(rows, as_json=as_json, columns=("name", "versions", "aliases", "updated"))


@app.command()
def versions(name: str, as_json: JsonOption = False) -> None:
    """List the versions of a model, the newest first."""
    quoted = name.replace("'", "''")
    found = search_model_versions(filter_string=f"name = '{quoted}'", order_by=["version_number DESC"])
    columns = ("version", "stage", "aliases", "created", "run", "source")
    print_rows([_version(one) for one in found], as_json=as_json, columns=columns)


@app.command()
def show(
    name: str,
    version: Annotated[str, typer.Argument(help="A number or an alias.")],
    as_json: JsonOption = False,
) -> None:
    """Show a version of a model."""
    one = (
        client().get_model_version(name, version)
        if version.isdigit()
        else client().get_model_version_by_alias(name, version)
    )
    print_fields(_version(one), as_json=as_json)


@app.command()
def register(
    uri: Annotated[str, typer.Argument(help="Such as runs:/RUN/model or models:/MODEL_ID.")], name: str
) -> None:
    """Register a model, and print the number of the new version."""
    typer.echo(register_model(uri, name).version)


@app.command()
def alias(
    name: str,
    alias: str,
    version: Annotated[str | None, typer.Argument(help="A number; without, the alias is deleted.")] = None,
) -> None:
    """Point an alias to a version, or delete it."""
    if version is None:
        client().delete_registered_model_alias(name, alias)
    else:
        client().set_registered_model_alias(name, alias, version)


@app.command()
def stage(
    name: str,
    version: str,
    stage: Annotated[str, typer.Argument(help="None, Staging, Production or Archived.")],
    archive: Annotated[bool, typer.Option(help="Move the versions that are in it to Archived.")] = False,
) -> None:
    """Move a version to a stage."""
    client().transition_model_version_stage(name, version, stage, archive)


@app.command()
def delete(
    name: str,
    version: Annotated[
        str | None, typer.Argument(help="A number; without, the model and all versions.")
    ] = None,
    yes: YesOption = False,
) -> None:
    """Delete a version of a model, or the model with all its versions."""
    if version is None:
        confirm(f"Delete the model {name!r} with all its versions?", yes=yes)
        client().delete_registered_model(name)
    else:
        confirm(f"Delete the version {version} of {name!r}?", yes=yes)
        client().delete_model_version(name, version)
