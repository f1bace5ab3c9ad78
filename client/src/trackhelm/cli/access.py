"""`trackhelm login`, `tokens` and `workspaces`: who this machine's programs are at a server, and where."""

import getpass
import os
import socket
import time
from configparser import ConfigParser
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from trackhelm.cli.output import JsonOption, as_time, print_rows
from trackhelm.destinations import destination_of, get_tracking_uri, set_tracking_uri
from trackhelm.diagnosis import checks
from trackhelm.exceptions import ENDPOINT_NOT_FOUND, MlflowException
from trackhelm.rest.credentials import PASSWORD_KEY, SECTION, TOKEN_KEY, USER_KEY, credentials_file
from trackhelm.rest.transport import Transport

_PRIVATE: Final = 0o600
_EXPIRY_KEY: Final = "trackhelm_token_expires"
_OWN: Final = "/api/2.0/trackhelm/"
_WORKSPACES: Final = "/api/3.0/mlflow/workspaces"
_DAYS: Final = 90
_SCOPES: Final = ("read", "write", "registry")
_NAME_LENGTH: Final = 256

DaysOption = Annotated[int, typer.Option(help="Days for which the token counts.")]
BrowserOption = Annotated[bool, typer.Option(help="Open the page in the browser.")]


# Logging in.


def login(
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Log in as a user, whose password is asked for.")
    ] = None,
    token: Annotated[bool, typer.Option("--token", help="Log in by a token, which is asked for.")] = False,
    uri: Annotated[
        str | None, typer.Option("--uri", help="The server; by default that of the tracking URI.")
    ] = None,
    workspace: Annotated[
        str | None, typer.Option("--workspace", "-w", help="The one workspace that it is for.")
    ] = None,
    days: DaysOption = _DAYS,
    browser: BrowserOption = True,
) -> None:
    """Log in to a server; MLflow's client on this machine is then logged in, too.

    A page in the browser asks whether this machine may have a token, of a server that can ask so. What counts
    is written to ~/.mlflow/credentials, which nobody else can read. A password or a token is asked for, and
    not taken from the command line, where others see it.
    """
    if uri is not None:
        set_tracking_uri(uri)
    if token:
        fields = {TOKEN_KEY: typer.prompt("Token", hide_input=True)}
    elif user is None and (transport := _asking_server()) is not None:
        _log_in_by_browser(transport, workspace, days, browser=browser)
        return
    else:
        name = user or typer.prompt("User")
        fields = {USER_KEY: name, PASSWORD_KEY: typer.prompt("Password", hide_input=True)}
    path = write_credentials(fields)
    typer.echo(f"The credentials are in {path}.")
    if uri is not None:
        failed = [check for check in checks() if not check.ok]
        if failed:
            raise MlflowException("; ".join(f"{check.name}: {check.found}" for check in failed))
        typer.echo(f"{uri} takes them.")


def _log_in_by_browser(transport: Transport, workspace: str | None, days: int, *, browser: bool) -> None:
    told = _token_by_browser(transport, workspace, list(_SCOPES), days, _program(), browser=browser)
    expires = datetime.fromtimestamp(told["expiry_time"] / 1000, timezone.utc).isoformat(timespec="seconds")
    # As the password of its user, since MLflow's client takes from this file no token.
    path = write_credentials({USER_KEY: told["username"], PASSWORD_KEY: told["token"], _EXPIRY_KEY: expires})
    place = f", in workspace '{workspace}'" if workspace else ""
    typer.echo(f"Logged in to {transport.base} as {told['username']}{place}, until {expires}.")
    typer.echo(f"The token is in {path}.")


def write_credentials(fields: dict[str, str]) -> Path:
    """Write the credentials to a file that nobody else may read, and return it; other sections stay."""
    path = credentials_file()
    parser = ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    parser[SECTION] = fields
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        parser.write(file)
    beside.replace(path)
    return path


def _asking_server() -> Transport | None:
    """Return the way to a server whose users log in by a browser, None if there is none.

    It sends no credentials: those that there are may count no longer.
    """
    if not get_tracking_uri().startswith(("http://", "https://")):
        return None
    transport = Transport(_server().uri, is_anonymous=True)
    try:
        mode = transport.call("GET", _OWN + "logins")["mode"]
    except MlflowException as error:
        if error.error_code == ENDPOINT_NOT_FOUND:
            return None  # MLflow's server, or a Trackhelm of before.
        raise
    if mode != "on":
        raise MlflowException(f"Nobody logs in to {transport.base}: its TRACKHELM_AUTH is '{mode}'")
    return transport


def _server() -> Transport:
    """Return the way to the server of the tracking URI."""
    return destination_of(get_tracking_uri()).transport


def _program() -> str:
    """Return what the page calls this machine."""
    return f"{getpass.getuser()} on {socket.gethostname()}"[:_NAME_LENGTH]


def _token_by_browser(
    transport: Transport, workspace: str | None, scopes: list[str], days: int, name: str, *, browser: bool
) -> dict[str, Any]:
    """Ask for a token, wait until somebody decides in a browser, and return what the server then says."""
    begun = transport.call(
        "POST", _OWN + "devices/begin", body={"name": name, "scopes": scopes, "days": days}
    )
    typer.echo(
        f"Open {begun['verification_uri']} and compare the code:\n\n    {begun['user_code']}\n", err=True
    )
    if browser:
        import webbrowser

        webbrowser.open(begun["verification_uri_complete"])
    until = time.monotonic() + begun["expires_in"]
    interval = begun["interval"]
    message = {"device_code": begun["device_code"], "workspace": workspace}
    while time.monotonic() < until:
        time.sleep(interval)
        told = transport.call("POST", _OWN + "devices/poll", body=message)
        interval = told["interval"]
        if told["status"] == "approved":
            return told
        if told["status"] == "access_denied":
            raise MlflowException("It was denied in the browser")
        if told["status"] == "expired_token":
            break
    raise MlflowException("Nobody approved it in time: run the command again")


# Tokens.

tokens_app = typer.Typer(no_args_is_help=True, help="List, create and revoke one's tokens.")


@tokens_app.command("list")
def list_tokens(
    service_account: Annotated[
        str | None, typer.Option(help="Those of a service account of the workspace.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List tokens, and when each was last used."""
    found = _server().call("GET", _OWN + "tokens/list", query={"service_account": service_account})
    rows = [
        {
            "id": token["id"],
            "name": token["name"],
            "token": token["hint"],
            "scopes": ", ".join(token["scopes"]),
            "workspace": token.get("workspace", ""),
            "expires": as_time(token["expiry_time"]),
            "used": as_time(token.get("last_used_time")),
        }
        for token in found["tokens"]
    ]
    print_rows(rows, as_json=as_json)


@tokens_app.command("create")
def create_token(
    name: str,
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, registry or manage; may be repeated.")
    ] = None,
    days: DaysOption = _DAYS,
    workspace: Annotated[str | None, typer.Option(help="The one workspace that it is for.")] = None,
    service_account: Annotated[
        str | None, typer.Option(help="Make it for a service account of the workspace.")
    ] = None,
    browser: BrowserOption = True,
) -> None:
    """Create a token and print it, which is the only time that it is shown.

    Who is logged in by a token confirms it in the browser: a token makes no tokens.
    """
    wanted: dict[str, Any] = {"name": name, "scopes": scope or list(_SCOPES), "days": days}
    more = {"workspace": workspace, "service_account": service_account}
    try:
        token = _server().call("POST", _OWN + "tokens/create", body=wanted | more)["token"]
    except MlflowException as error:
        transport = None if service_account else _asking_server()
        if transport is None or error.error_code not in {"PERMISSION_DENIED", "UNAUTHENTICATED"}:
            raise
        told = _token_by_browser(transport, workspace, wanted["scopes"], days, name, browser=browser)
        token = told["token"]
    typer.echo(token)


@tokens_app.command("revoke")
def revoke_token(token_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Revoke a token by its id. Whatever uses it is refused from the next request on."""
    _server().call("POST", _OWN + "tokens/revoke", body={"id": token_id})


# Workspaces.

workspaces_app = typer.Typer(no_args_is_help=True, help="List one's workspaces and choose one.")


@workspaces_app.command("list")
def list_workspaces(as_json: JsonOption = False) -> None:
    """List the workspaces in which one may do something."""
    found = _server().call("GET", _WORKSPACES)["workspaces"]
    rows = [{"name": each["name"], "description": each.get("description", "")} for each in found]
    print_rows(rows, as_json=as_json, columns=("name", "description"))


@workspaces_app.command("use")
def use_workspace(
    name: str,
    days: DaysOption = _DAYS,
    browser: BrowserOption = True,
) -> None:
    """Log in anew, by a token for one workspace: programs of this machine then work in it.

    So does MLflow's client of any version, and what is logged from now on.
    """
    transport = _asking_server()
    if transport is None:
        raise MlflowException(f"{get_tracking_uri()} is no server with workspaces and logins")
    _log_in_by_browser(transport, name, days, browser=browser)
