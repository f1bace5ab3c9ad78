"""`trackhelm-server artifacts`: verify the files of the store, and reconcile it with the database."""

import json
from dataclasses import asdict
from typing import Annotated

import anyio
import typer

from trackhelm_artifact.files.paths import parse_path, scope
from trackhelm_artifact.integrity.reconciliation import Reconciliation
from trackhelm_artifact.integrity.verification import Verification
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_cli.gc import cutoff, parse_age
from trackhelm_cli.opening import opened_runtime
from trackhelm_cli.options import DatabaseOption, DataOption

artifacts = typer.Typer(help="Check the files of the store, or find what is left over.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")]


@artifacts.command()
def verify(
    *,
    experiment: Annotated[str, typer.Option(help="Only files of the experiment with this id.")] = "",
    run: Annotated[str, typer.Option(help="Only files of the run with this id.")] = "",
    model: Annotated[str, typer.Option(help="Only files of the logged model with this id.")] = "",
    prefix: Annotated[str, typer.Option(help="Only files below this path of the store.")] = "",
    record: Annotated[
        bool,
        typer.Option(
            "--record", help="Record files that have no record, or one of another version, as they are now."
        ),
    ] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Read files back and compare them with their checksums; print each that differs, and exit 1 if any."""
    with opened_runtime(data, database_url, untouched=True) as runtime:
        with runtime.database.reading() as session:
            root = scope(session, experiment=experiment, run=run, model=model, prefix=prefix)
        verification = Verification(runtime.database, stores_of(runtime).objects, runtime.clock, mends=record)
        findings = anyio.run(_verify, verification, root, as_json)
    tally = verification.tally
    if as_json:
        typer.echo(json.dumps({"findings": findings, **asdict(tally)}))
    else:
        typer.echo(
            f"{tally.files} files, {tally.size} bytes: {findings} findings"
            + (f", {tally.recorded} recorded" if record else "")
        )
    if findings:
        raise typer.Exit(1)


async def _verify(verification: Verification, root: ObjectKey, as_json: bool) -> int:  # noqa: FBT001 - for anyio
    findings = 0
    async for finding in verification.findings(root):
        findings += 1
        _show(as_json=as_json, what=finding.fault.value, path=finding.path, detail=finding.detail)
    return findings


@artifacts.command()
def reconcile(
    *,
    prefix: Annotated[str, typer.Option(help="Only files below this path of the store.")] = "",
    older_than: Annotated[str, typer.Option(help="Only what is so old: `30d`, `1d2h3m4s`.")] = "1d",
    delete: Annotated[bool, typer.Option("--delete", help="Delete it; otherwise it is only named.")] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Print files without an owner, records without a file and interrupted uploads; exit 1 if any is left."""
    try:
        before = cutoff(parse_age(older_than)) / 1000
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    # The store is left untouched even for a deletion, because opening it would delete drafts regardless of
    # their age and without printing them.
    with opened_runtime(data, database_url, untouched=True) as runtime:
        found = Reconciliation(runtime, parse_path(prefix), before, deletes=delete)
        left, size = anyio.run(_reconcile, found, as_json)
    if as_json:
        typer.echo(json.dumps({"findings": left, "size": size, "deleted": delete}))
    else:
        typer.echo(f"{left} findings, {size} bytes{', deleted' if delete else ''}")
    if left and not delete:
        raise typer.Exit(1)


async def _reconcile(found: Reconciliation, as_json: bool) -> tuple[int, int]:  # noqa: FBT001 - for anyio
    left = size = 0
    async for each in found.left_over():
        left += 1
        size += each.size or 0
        detail = "size unknown" if each.size is None else f"{each.size} bytes"
        _show(as_json=as_json, what=each.what.value, path=each.path, detail=detail)
    return left, size


def _show(*, as_json: bool, what: str, path: str, detail: str) -> None:
    if as_json:
        typer.echo(json.dumps({"finding": what, "path": path, "detail": detail}))
    else:
        typer.echo(f"{what}  {path}  ({detail})")
