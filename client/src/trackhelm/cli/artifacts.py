"""`trackhelm artifacts`: list, download and upload artifacts."""

from pathlib import Path
from typing import Annotated

import typer

from trackhelm.artifacts.locations import download as download_from
from trackhelm.artifacts.locations import locate, upload_folder
from trackhelm.artifacts.stores import files_below, join
from trackhelm.cli.output import JsonOption, client, print_rows, progress

app = typer.Typer(no_args_is_help=True, help="List, download and upload artifacts.")

SourceArgument = Annotated[
    str, typer.Argument(metavar="RUN|URI", help="The id of a run, or a URI such as models:/iris/1.")
]
PathArgument = Annotated[str, typer.Argument(help="A path among the artifacts; all of them without.")]


def _uri(source: str, path: str) -> str:
    return join(source if ":" in source else f"runs:/{source}", path)


@app.command("list")
def list_(
    source: SourceArgument,
    path: PathArgument = "",
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Files in folders, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List a folder of artifacts."""
    store, inner = locate(client(), _uri(source, path))
    files = list(files_below(store, inner)) if recursive else store.list(inner)
    rows = [
        {"path": file.path + ("/" if file.is_dir else ""), "bytes": file.file_size, "is_dir": file.is_dir}
        for file in files
    ]
    print_rows(rows, as_json=as_json, columns=("path", "bytes"))


@app.command()
def download(
    source: SourceArgument,
    path: PathArgument = "",
    to: Annotated[Path, typer.Option("--to", help="The folder into which it is written.")] = Path(),
) -> None:
    """Download a file or folder, and print where it is."""
    store, inner = locate(client(), _uri(source, path))
    total = sum(1 for _ in files_below(store, inner)) or 1
    with progress("download", total) as done:
        typer.echo(download_from(store, inner, to, done))


@app.command()
def upload(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run.")],
    local: Annotated[Path, typer.Argument(help="A file or folder.", exists=True)],
    path: Annotated[str, typer.Option("--path", help="The folder of the artifacts into which it goes.")] = "",
) -> None:
    """Upload a file, or a folder under its own name."""
    store, _ = locate(client(), f"runs:/{run}")
    if local.is_dir():
        total = sum(1 for file in local.rglob("*") if file.is_file())
        with progress("upload", total) as done:
            upload_folder(store, local, join(path, local.resolve().name), done)
        return
    with progress("upload", 1) as done:
        store.upload(local, join(path, local.name))
        done(local.name)
