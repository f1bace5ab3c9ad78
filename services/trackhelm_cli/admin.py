"""`trackhelm-server admin`: the first administrator, and the way back in for who operates the server."""

import getpass
import secrets
from pathlib import Path
from typing import Annotated

import typer

from trackhelm_cli.opening import opened_database
from trackhelm_cli.options import DatabaseOption, DataOption, failed
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError
from trackhelm_core.runtime import now_ms
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.access.passwords import check_new_password, hash_of
from trackhelm_domain.access.rights import account_by_name
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.users import logic

admin = typer.Typer(help="Make administrators, and let them in again.", no_args_is_help=True)

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


def _set(database: Database, name: str, password: str) -> bool:
    operator = Actor(
        getpass.getuser(), ActorKind.OPERATOR, source_address="", request_id=f"admin-{secrets.token_hex(8)}"
    )
    try:
        password_hash = hash_of(check_new_password(password))
        with database.writing() as session:
            return logic.reset_admin(session, name, password_hash, AuditContext(operator, now_ms()))
    except ApiError as error:
        raise failed(error.message) from error


def _password(file: Path | None) -> str:
    if file is None:
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise failed(f"{file} cannot be read: {error.strerror}") from error
