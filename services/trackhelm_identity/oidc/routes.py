"""Endpoints about logging in at an identity provider. A browser visits them, and is sent on."""

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from trackhelm_core.access import Need, needs
from trackhelm_core.errors import NotFoundError
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.security.actor import Actor
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.access.opening import DoorDep
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.oidc import logic, schemas
from trackhelm_identity.oidc.provider import PENDING_SECONDS, Provider, provider_of
from trackhelm_identity.oidc.statements import EXPIRED, LoginFailedError
from trackhelm_identity.sessions.logic import begin_session
from trackhelm_identity.sessions.routes import BrowserDep, cookies_of, with_cookie, with_logins

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/trackhelm/oidc", route_class=WireRoute)

_PENDING_COOKIE: Final = "trackhelm-login"
_FOUND: Final = 303


def _provider(runtime: Runtime) -> Provider:
    provider = provider_of(runtime)
    if provider is None:
        raise NotFoundError("This server has no identity provider: TRACKHELM_OIDC_ISSUER is not set.")
    return provider


def _failed(provider: Provider, failure: LoginFailedError) -> Response:
    """Send a browser to the login page, which says in its own words what a code means."""
    log.warning("nobody was let in by the identity provider", code=failure.code, reason=str(failure))
    return RedirectResponse(f"{provider.public_url}/#/login?failed={failure.code}", _FOUND)


def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


@router.get("/begin", status_code=_FOUND, response_class=Response)
@needs(Need.PUBLIC)
def begin_login(
    query: Annotated[schemas.BeginLogin, Query()], request: Request, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Send a browser to the identity provider to log in."""
    checked = with_logins(door)
    provider = _provider(runtime)
    path = logic.check_path(query.next)
    try:
        address, sealed = provider.begin(path)
    except LoginFailedError as failure:
        checked.notes.refused(f"oidc_{failure.code}", "", _actor(request).source_address)
        return _failed(provider, failure)
    answer = RedirectResponse(address, _FOUND, {"Cache-Control": "no-store"})
    cookie = cookies_of(request).set(request.scope, sealed, PENDING_SECONDS, _PENDING_COOKIE)
    answer.headers.append("Set-Cookie", cookie)
    return answer


@router.get("/callback", status_code=_FOUND, response_class=Response)
@needs(Need.PUBLIC)
def finish_login(
    query: Annotated[schemas.FinishLogin, Query()],
    request: Request,
    browser: BrowserDep,
    runtime: RuntimeDep,
    door: DoorDep,
) -> Response:
    """Log in whom the identity provider has sent back: the answer sets the cookie of a new session."""
    checked = with_logins(door)
    provider = _provider(runtime)
    checked.failed.check("", browser.source_address)
    cookies = cookies_of(request)
    try:
        pending = provider.pending(cookies.value(request.scope, _PENDING_COOKIE), query.state)
        provider.check_answer(query.code, query.iss, query.error)
        person = provider.person(query.code, pending)
        now = runtime.clock()
        with runtime.database.writing() as session:
            account = logic.enter(
                session,
                person,
                provider.settings,
                AuditContext(_actor(request), now),
                new_user_role=checked.new_user_role,
            )
            way = provider.settings.oidc_name
            begin_session(session, account.id, browser, way=way, lifetime=checked.sessions, now=now)
            name = account.name
    except LoginFailedError as failure:
        if failure.code != EXPIRED:
            # Without its cookie a browser may be sent here by any page, which must not make its user wait.
            checked.failed.add("", browser.source_address)
        checked.notes.refused(f"oidc_{failure.code}", "", browser.source_address)
        answer = _failed(provider, failure)
    else:
        checked.notes.noted("login", name, browser.source_address)
        answer = RedirectResponse(provider.public_url + pending.path, _FOUND)
        with_cookie(answer, request, browser, checked.sessions)
    answer.headers.append("Set-Cookie", cookies.clear(request.scope, _PENDING_COOKIE))
    return answer
