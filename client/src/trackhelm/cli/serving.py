"""`trackhelm models serve`, `predict`, and so on: what runs a model."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trackhelm.cli.output import bytes_read
from trackhelm.destinations import get_tracking_uri, is_tracking_uri_set
from trackhelm.exceptions import MlflowException

Uri = Annotated[
    str, typer.Option("--model-uri", "-m", help="Such as models:/NAME/1, runs:/RUN/model or a path.")
]
AllowPickle = Annotated[
    bool,
    typer.Option("--allow-pickle", help="Load pickles, also those of unknown origin: they may run any code."),
]
EnvManager = Annotated[
    str,
    typer.Option(
        help="local: this Python. uv, virtualenv: an environment with the model's requirements, made once."
    ),
]


def serve(
    model_uri: Uri,
    host: Annotated[str, typer.Option("--host", "-h", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", help="The port.")] = 5000,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", "-w", envvar="MLFLOW_MODELS_WORKERS", help="Processes, which share the model."
        ),
    ] = 1,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            "-t",
            envvar="MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT",
            help="Seconds that a request may take.",
        ),
    ] = 60.0,
    name: Annotated[
        str | None, typer.Option(help="The name in /v2/models/NAME; the registered one by default.")
    ] = None,
    batching: Annotated[
        bool | None,
        typer.Option(
            help="Ask the model about requests that arrive together in one call. Not models of one's own."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Load another version when the alias or stage moves.")
    ] = False,
    follow_seconds: Annotated[float, typer.Option(help="How often that is looked at.")] = 5.0,
    stop_seconds: Annotated[float, typer.Option(help="How long requests may go on after SIGTERM.")] = 30.0,
    config: Annotated[str | None, typer.Option(help="A configuration of the model, as JSON.")] = None,
    allow_pickle: AllowPickle = False,
    env_manager: EnvManager = "local",
) -> None:
    """Serve a model: MLflow's /invocations, and the Open Inference Protocol v2."""
    if env_manager != "local":
        from trackhelm.serving.environments import run_inside

        run_inside(model_uri, env_manager)
    _needs("uvicorn")
    _allow(allow_pickle)
    options = {
        "uri": model_uri,
        "host": host,
        "port": port,
        "workers": workers,
        "timeout": timeout,
        "name": name,
        "batching": batching,
        "follow": follow_seconds if follow else None,
        "stop": stop_seconds,
        "model_config": None if config is None else json.loads(config),
    }
    if is_tracking_uri_set():
        os.environ["MLFLOW_TRACKING_URI"] = get_tracking_uri()
    # This process becomes the server, without the memory of the command line.
    os.execv(sys.executable, [sys.executable, "-m", "trackhelm.serving", json.dumps(options)])  # noqa: S606


def predict(
    model_uri: Uri,
    input_path: Annotated[
        str | None, typer.Option("--input-path", "-i", help="A file; standard input else.")
    ] = None,
    output_path: Annotated[
        str | None, typer.Option("--output-path", "-o", help="A file; standard output else.")
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option(
            "--content-type", "-t", help="csv, json, jsonl or parquet; by default as the file is named."
        ),
    ] = None,
    output_type: Annotated[str | None, typer.Option(help="Likewise, of the output.")] = None,
    rows: Annotated[int, typer.Option(help="The rows that are asked at a time.")] = 50_000,
    allow_pickle: AllowPickle = False,
    env_manager: EnvManager = "local",
) -> None:
    """Ask a model about a file, which may be larger than memory."""
    if env_manager != "local":
        from trackhelm.serving.environments import run_inside

        run_inside(model_uri, env_manager)
    _allow(allow_pickle)
    from trackhelm.pyfunc.loading import load_model
    from trackhelm.serving import batch

    asked, told = batch.kind_of(input_path, content_type), batch.kind_of(output_path, output_type)
    size = None if input_path is None else Path(input_path).stat().st_size
    model = load_model(model_uri)
    with bytes_read("Predicting", size) as progress:
        batch.predict(model, input_path, output_path, asked, told, rows, progress)


def dockerfile(
    model_uri: Uri,
    output: Annotated[str, typer.Option("--output", "-o", "-d", help="The folder that is written.")],
    allow_pickle: AllowPickle = False,
) -> None:
    """Write the build context of an image that serves a model: docker build FOLDER."""
    _allow(allow_pickle)
    from trackhelm.serving.containers import write_context

    write_context(model_uri, Path(output))
    typer.echo(output)


def deploy_spec(
    name: Annotated[str, typer.Option(help="The name of the deployment.")],
    image: Annotated[str, typer.Option(help="The image, with its tag or digest.")],
    target: Annotated[str, typer.Option(help="kserve, deployment or sagemaker.")] = "deployment",
    replicas: Annotated[int, typer.Option(help="Pods or instances.")] = 1,
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-C", help="KEY=VALUE, for SageMaker: execution_role_arn and so on."),
    ] = None,
) -> None:
    """Print what deploys an image: manifests for Kubernetes, or SageMaker's requests as JSON."""
    from trackhelm.serving.containers import deploy_spec

    typer.echo(deploy_spec(target, name, image, replicas=replicas, config=pairs(config)))


def pairs(given: list[str] | None) -> dict[str, str]:
    """Return the names and values of KEY=VALUE."""
    found = {}
    for one in given or ():
        key, equal, value = one.partition("=")
        if not equal:
            raise typer.BadParameter(f"{one!r} is no KEY=VALUE")
        found[key] = value
    return found


def _needs(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise MlflowException("serving a model needs more packages: pip install 'trackhelm[serve]'")


def _allow(allowed: bool) -> None:
    """Let pickles be loaded by this process and those that it starts."""
    if allowed:
        os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
