"""Endpoints about logging in by a browser."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.errors import InvalidParameterError, UnavailableError
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.security.cookies import SessionCookies
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.access.accounts import Lifetime
from trackhelm_domain.access.authentication import Authentication, OpenDoor
from trackhelm_domain.access.opening import DoorDep
from trackhelm_identity.oidc.provider import BEGIN_PATH, provider_of
from trackhelm_identity.sessions import logic, schemas
from trackhelm_identity.sessions.schemas import session_message

logins_router = APIRouter(prefix="/trackhelm", route_class=WireRoute)
router = APIRouter(prefix="/trackhelm/sessions", route_class=WireRoute)

_ATTEMPTS = 3


def cookies_of(request: Request) -> SessionCookies:
    """Return what reads and writes the cookies of the process."""
    cookies: SessionCookies = request.app.state.session_cookies
    return cookies


async def _browser(request: Request, actor: ActorDep) -> logic.Browser:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    key = cookies_of(request).session_key(request.scope)
    return logic.Browser(actor.source_address, request.headers.get("user-agent", ""), key)


BrowserDep = Annotated[logic.Browser, Depends(_browser)]
"""The parameter type by which an endpoint gets the browser in which somebody logs in."""


def with_cookie(answer: Response, request: Request, browser: logic.Browser, lifetime: Lifetime) -> Response:
    """Return an answer by which the browser gets the cookie of the session that was begun."""
    cookie = cookies_of(request).set(request.scope, browser.key, lifetime.most // 1000)
    answer.headers.append("Set-Cookie", cookie)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@logins_router.get("/logins", **documented(schemas.Logins))
@needs(Need.PUBLIC)
async def get_logins(runtime: RuntimeDep, door: DoorDep) -> Response:
    """Return whether callers must log in, and the ways to do so."""
    ways = []
    if door.mode == "on":
        ways.append(schemas.WayToLogIn(kind="password", name="Password", path=""))
        if (provider := provider_of(runtime)) is not None:
            name = provider.settings.oidc_name
            ways.append(schemas.WayToLogIn(kind="oidc", name=name, path=BEGIN_PATH))
    return reply(schemas.Logins(mode=door.mode, ways=ways))


@router.post("/create", **documented(schemas.CreatedSession))
@needs(Need.PUBLIC)
async def create_session(
    body: schemas.CreateSession, request: Request, browser: BrowserDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Log in by name and password: the answer sets the cookie of a new session."""
    checked = with_logins(door)
    for _ in range(_ATTEMPTS):
        principal, epoch = await checked.log_in(body.username, body.password, browser.source_address)

        def begin(account_id: int = principal.id, epoch: int = epoch) -> schemas.WebLogin | None:
            with runtime.database.writing() as session:
                if not logic.is_still(session, epoch):
                    return None
                row = logic.begin_session(
                    session,
                    account_id,
                    browser,
                    way=logic.PASSWORD,
                    lifetime=checked.sessions,
                    now=runtime.clock(),
                )
                return session_message(row, row.id)

        made = await run_in_threadpool(begin)
        if made is not None:
            answer = reply(schemas.CreatedSession(username=principal.name, session=made))
            return with_cookie(answer, request, browser, checked.sessions)
    raise UnavailableError("Who may do what changed while the password was checked. Send the request again.")


@router.get("/list", **documented(schemas.Sessions))
@needs(Need.LOGIN)
def list_sessions(runtime: RuntimeDep, door: DoorDep) -> Response:
    """Return the browsers in which one is logged in."""
    asker = current_access().principal
    lifetime = with_logins(door).sessions
    with runtime.database.reading() as session:
        found = [
            session_message(row, asker.session_id)
            for row in logic.list_sessions(session, asker, lifetime, runtime.clock())
        ]
    return reply(schemas.Sessions(sessions=found))


@router.post("/revoke", **documented(Empty))
@needs(Need.LOGIN)
def revoke_session(
    body: schemas.RevokeSession, actor: ActorDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """End one of one's own sessions, or all of them."""
    asker = current_access().principal
    checked = with_logins(door)
    with runtime.database.writing() as session:
        logic.revoke_sessions(session, body.id, asker, every=body.all)
    checked.notes.noted("session_revoked", asker.name, actor.source_address)
    return empty_reply()


@router.post("/end", **documented(Empty))
@needs(Need.LOGIN)
def end_session(
    body: schemas.EndSession, request: Request, actor: ActorDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Log out: end the session that the request is sent in."""
    asker = current_access().principal
    checked = with_logins(door)
    with runtime.database.writing() as session:
        logic.end_session(session, asker)
    checked.notes.noted("logout", asker.name, actor.source_address)
    answer = empty_reply()
    answer.headers.append("Set-Cookie", cookies_of(request).clear(request.scope))
    return answer


def with_logins(door: Authentication | OpenDoor) -> Authentication:
    """Return the door of a server at which one logs in."""
    if isinstance(door, Authentication) and door.mode == "on":
        return door
    raise InvalidParameterError(
        f"Nobody logs in to this server: TRACKHELM_AUTH is '{door.mode}', and would have to be 'on'."
    )
