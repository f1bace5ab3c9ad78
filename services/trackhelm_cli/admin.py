"""`trackhelm-server admin`: the first administrator, and the way back in for who operates the server."""

import getpass
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from trackhelm_cli.opening import opened_database
from trackhelm_cli.options import DatabaseOption, DataOption, failed, load
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError
from trackhelm_core.runtime import now_ms
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.settings import OidcSettings
from trackhelm_domain.access.passwords import check_new_password, hash_of
from trackhelm_domain.access.rights import account_by_name
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.oidc.logic import link_account
from trackhelm_identity.users import logic

admin = typer.Typer(help="Make administrators and let them in again; disable accounts.", no_args_is_help=True)

PasswordFileOption = Annotated[
    Path | None, typer.Option(help="File with the password; without it the password is asked for.")
]
NameArgument = Annotated[str, typer.Argument(help="The user name.")]


@admin.command()
def create(
    name: NameArgument,
    password_file: PasswordFileOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Make a user who is an administrator."""
    with opened_database(data, database_url) as database:
        with database.reading() as session:
            if account_by_name(session, name) is not None:
                raise failed(f"There is an account '{name}' already: `admin reset` sets its password.")
        _set(database, name, _password(password_file))
    typer.echo(f"made administrator '{name}'")


@admin.command()
def reset(
    name: NameArgument,
    password_file: PasswordFileOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Set a user's password, make them an administrator, and end their tokens and sessions."""
    with opened_database(data, database_url) as database:
        is_new = _set(database, name, _password(password_file))
    typer.echo(f"made administrator '{name}'" if is_new else f"'{name}' can log in by the new password")


@admin.command()
def disable(
    name: NameArgument,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Let a user or a service account in no more, by a password, a token, a session or a provider."""
    with opened_database(data, database_url) as database, _changing(database) as (session, context):
        logic.set_disabled(session, name, is_disabled=True, context=context)
    typer.echo(f"'{name}' is not let in any more")


@admin.command()
def enable(
    name: NameArgument,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Let a disabled account in again. Its tokens count again, too."""
    with opened_database(data, database_url) as database, _changing(database) as (session, context):
        logic.set_disabled(session, name, is_disabled=False, context=context)
    typer.echo(f"'{name}' is let in again")


@admin.command()
def link(
    name: NameArgument,
    subject: Annotated[str, typer.Argument(help="The `sub` that the provider has for the person.")],
    issuer: Annotated[
        str | None, typer.Option(help="The provider; without it that of TRACKHELM_OIDC_ISSUER.")
    ] = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Let a person of an identity provider log in to the account that a user has already."""
    issuer = issuer or load(OidcSettings).oidc_issuer
    if not issuer:
        raise failed("Which provider? Name it with --issuer, or set TRACKHELM_OIDC_ISSUER.")
    with opened_database(data, database_url) as database, _changing(database) as (session, context):
        link_account(session, name, issuer, subject, context)
    typer.echo(f"'{name}' can log in at {issuer}")


@contextmanager
def _changing(database: Database) -> Iterator[tuple[Session, AuditContext]]:
    """Open a transaction in which the operator changes something; what is refused ends the command."""
    operator = Actor(
        getpass.getuser(), ActorKind.OPERATOR, source_address="", request_id=f"admin-{secrets.token_hex(8)}"
    )
    try:
        with database.writing() as session:
            yield session, AuditContext(operator, now_ms())
    except ApiError as error:
        raise failed(error.message) from error


def _set(database: Database, name: str, password: str) -> bool:
    try:
        password_hash = hash_of(check_new_password(password))
    except ApiError as error:
        raise failed(error.message) from error
    with _changing(database) as (session, context):
        return logic.reset_admin(session, name, password_hash, context)


def _password(file: Path | None) -> str:
    if file is None:
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise failed(f"{file} cannot be read: {error.strerror}") from error
