"""`trackhelm deployments`: models on a service that runs them, such as Amazon SageMaker."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from trackhelm.cli.output import JsonOption, print_fields, print_json, print_rows
from trackhelm.cli.serving import pairs

app = typer.Typer(no_args_is_help=True, help="Models on a service that runs them, such as Amazon SageMaker.")

Target = Annotated[str, typer.Option("--target", "-t", help="sagemaker:/REGION.")]
Name = Annotated[str, typer.Option("--name", help="The name of the endpoint.")]
Config = Annotated[
    list[str] | None,
    typer.Option("--config", "-C", help="KEY=VALUE: image_url, execution_role_arn, bucket, instance_type, …"),
]


def _client(target: str) -> Any:
    from trackhelm.deployments import get_deploy_client

    return get_deploy_client(target)


@app.command()
def create(
    name: Name,
    model_uri: Annotated[str, typer.Option("--model-uri", "-m", help="The model.")],
    target: Target = "sagemaker",
    config: Config = None,
) -> None:
    """Create an endpoint, and wait until it answers."""
    typer.echo(_client(target).create_deployment(name, model_uri, config=pairs(config))["name"])


@app.command()
def update(
    name: Name,
    model_uri: Annotated[
        str | None, typer.Option("--model-uri", "-m", help="The model; as now else.")
    ] = None,
    target: Target = "sagemaker",
    config: Config = None,
) -> None:
    """Let an endpoint serve another model."""
    _client(target).update_deployment(name, model_uri, config=pairs(config))


@app.command()
def delete(name: Name, target: Target = "sagemaker") -> None:
    """Delete an endpoint with what it was made of."""
    _client(target).delete_deployment(name)


@app.command("list")
def list_(target: Target = "sagemaker", as_json: JsonOption = False) -> None:
    """List the endpoints."""
    print_rows(_client(target).list_deployments(), as_json=as_json, columns=("name", "status"))


@app.command()
def get(name: Name, target: Target = "sagemaker", as_json: JsonOption = False) -> None:
    """Show an endpoint."""
    print_fields(_client(target).get_deployment(name), as_json=as_json)


@app.command()
def predict(
    name: Name,
    input_path: Annotated[
        str, typer.Option("--input-path", "-i", help="A request of MLflow's contract, as JSON.")
    ],
    target: Target = "sagemaker",
) -> None:
    """Ask an endpoint."""
    request = json.loads(Path(input_path).read_text(encoding="utf-8"))
    print_json({"predictions": _client(target).predict(name, request)})
