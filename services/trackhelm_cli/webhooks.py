"""`trackhelm-server webhooks`: webhooks, their deliveries, and the keys of their secrets."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from sqlalchemy.orm import Session

from trackhelm_cli.opening import opened_database
from trackhelm_cli.options import DatabaseOption, DataOption, load, load_webhooks
from trackhelm_core.errors import NotFoundError
from trackhelm_core.runtime import now_ms
from trackhelm_core.search.pages import PageRequest
from trackhelm_core.security.sealing import CannotOpenError, NoKeyError
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_domain.tables.webhooks import DeliveryState
from trackhelm_registry.webhooks import store
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_registry.webhooks.logic import found_webhook, reseal_secrets
from trackhelm_registry.webhooks.store import webhook_page

webhooks = typer.Typer(
    help="List webhooks and their deliveries, send deliveries again, drop them; change the key of secrets.",
    no_args_is_help=True,
)

WebhookOption = Annotated[str | None, typer.Option("--webhook", metavar="ID", help="Of this webhook only.")]
StateOption = Annotated[DeliveryState | None, typer.Option("--state", help="In this state only.")]
IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="ID...", help="Ids, as `deliveries` prints them.")
]
DeadOption = Annotated[bool, typer.Option("--dead", help="Every dead letter.")]

_PAGE: Final = 1_000


@webhooks.command(name="list")
def list_webhooks(data: DataOption = None, database_url: DatabaseOption = None) -> None:
    """Print a line for each webhook: id, status, name, URL, events."""
    with opened_database(data, database_url) as database, database.reading() as session:
        found, _ = webhook_page(session, PageRequest("", "", _PAGE), mlflow_only=False)
    for webhook in found:
        typer.echo(
            f"{webhook.uuid}  {webhook.status}  {webhook.name}  {webhook.url}  {' '.join(webhook.events)}"
        )


@webhooks.command()
def deliveries(
    webhook: WebhookOption = None,
    state: StateOption = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Lines at most.")] = 100,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Print a line for each delivery, the newest first: id, time, webhook, state, attempts, event, error."""
    with opened_database(data, database_url) as database, database.reading() as session:
        row = _webhook(session, webhook)
        page = store.delivery_page(session, row, state, PageRequest("", "", limit))
    for each in page.rows:
        typer.echo(
            f"{each.uuid}  {_time(each.created_time)}  {each.webhook_uuid}  {each.state}  {each.attempts}"
            f"  {each.event}  {each.subject}  {each.error or ''}".rstrip()
        )


@webhooks.command()
def resend(
    ids: IdsArgument = None,
    *,
    dead: DeadOption = False,
    webhook: WebhookOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Send deliveries again, in whatever state they are; the server begins within seconds."""
    with opened_database(data, database_url) as database, database.writing() as session:
        chosen = _chosen(session, ids, webhook, dead=dead)
        store.resend(session, chosen, now_ms())
    typer.echo(f"{len(chosen)} deliveries are sent again")


@webhooks.command()
def drop(
    ids: IdsArgument = None,
    *,
    dead: DeadOption = False,
    webhook: WebhookOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Delete deliveries. Those that were not delivered are lost."""
    with opened_database(data, database_url) as database, database.writing() as session:
        chosen = _chosen(session, ids, webhook, dead=dead)
        store.drop(session, chosen)
    typer.echo(f"{len(chosen)} deliveries are dropped")


@webhooks.command()
def rekey(data: DataOption = None, database_url: DatabaseOption = None) -> None:
    """Encrypt every stored secret with the first key; the other keys are then no longer needed."""
    storage = load(StorageSettings, data=data, database_url=database_url)
    try:
        secrets = WebhookConfiguration.open(storage, load(RedisSettings), load_webhooks()).secrets
        with opened_database(data, database_url) as database, database.writing() as session:
            count = reseal_secrets(session, secrets)
    except (NoKeyError, CannotOpenError) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{count} secrets are encrypted with the first key")


def _chosen(session: Session, ids: list[str] | None, webhook: str | None, *, dead: bool) -> list[int]:
    if dead == bool(ids):
        raise typer.BadParameter("name the ids of deliveries, or --dead")
    row = _webhook(session, webhook)
    if dead:
        return store.dead_deliveries(session, row)
    # All are looked up before any is changed, so that a wrong id changes nothing.
    found = {each: store.find_deliveries(session, each, row) for each in ids or ()}
    for each, rows in found.items():
        if not rows:
            raise typer.BadParameter(f"there is no delivery {each}")
    return [each for rows in found.values() for each in rows]


def _webhook(session: Session, webhook: str | None) -> int | None:
    try:
        return None if webhook is None else found_webhook(session, webhook).id
    except NotFoundError as error:
        raise typer.BadParameter(error.message) from error


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
