"""Endpoints about logins of programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.security.actor import Actor, ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.access.opening import AnyDoor, DoorDep
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.devices import logic, schemas
from trackhelm_identity.devices.schemas import device_message
from trackhelm_identity.sessions.routes import cookies_of, with_logins

router = APIRouter(prefix="/trackhelm/devices", route_class=WireRoute)


@router.post("/begin", **documented(schemas.BegunDevice))
@needs(Need.PUBLIC)
def begin_device(
    body: schemas.BeginDevice, request: Request, actor: ActorDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Begin the login of a program, whose user approves it in a browser."""
    checked = with_logins(door)
    checked.begun.check(body.name, actor.source_address)
    checked.begun.add(body.name, actor.source_address)
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        begun = logic.begin(session, body.name, body.scopes, body.days, context)
    page = f"{cookies_of(request).address(request.scope)}/#/device"
    answer = reply(
        schemas.BegunDevice(
            device_code=begun.device_code,
            user_code=begun.user_code,
            verification_uri=page,
            verification_uri_complete=f"{page}?code={begun.user_code}",
            expires_in=logic.SECONDS,
            interval=logic.INTERVAL_SECONDS,
        )
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/poll", **documented(schemas.PolledDevice))
@needs(Need.PUBLIC)
def poll_device(body: schemas.PollDevice, actor: ActorDep, runtime: RuntimeDep, door: DoorDep) -> Response:
    """Answer a program whether its login was approved: once, with its token."""
    with_logins(door)
    with runtime.database.writing() as session:
        polled = logic.poll(session, body.device_code, body.workspace, AuditContext(actor, runtime.clock()))
        message = schemas.PolledDevice(status=polled.status, interval=polled.interval)
        if polled.made is not None and polled.account is not None:
            message = schemas.PolledDevice(
                status=polled.status,
                interval=polled.interval,
                token=polled.made.text,
                username=polled.account.name,
                expiry_time=polled.made.row.expiry_time,
            )
    answer = reply(message)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/get", **documented(schemas.DeviceAnswer))
@needs(Need.LOGIN)
def get_device(
    query: Annotated[schemas.NamedDevice, Query()], actor: ActorDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Return the program that waits with a code, so that its user sees what they approve."""
    with _guessing(door, actor, runtime), runtime.database.reading() as session:
        message = device_message(logic.get_waiting(session, query.user_code, runtime.clock()))
    return reply(schemas.DeviceAnswer(device=message))


@router.post("/approve", **documented(Empty))
@needs(Need.LOGIN)
def approve_device(
    body: schemas.DecideDevice, actor: ActorDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Let the program that waits with a code have a token of one's own."""
    return _decide(body, actor, runtime, door, is_approved=True)


@router.post("/deny", **documented(Empty))
@needs(Need.LOGIN)
def deny_device(body: schemas.DecideDevice, actor: ActorDep, runtime: RuntimeDep, door: DoorDep) -> Response:
    """Refuse the program that waits with a code."""
    return _decide(body, actor, runtime, door, is_approved=False)


def _decide(
    body: schemas.DecideDevice, actor: Actor, runtime: Runtime, door: AnyDoor, *, is_approved: bool
) -> Response:
    asker = current_access().principal
    with _guessing(door, actor, runtime), runtime.database.writing() as session:
        logic.decide(session, body.user_code, asker.id, runtime.clock(), is_approved=is_approved)
    what = "device_approved" if is_approved else "device_denied"
    with_logins(door).notes.noted(what, asker.name, actor.source_address)
    return empty_reply()


@contextmanager
def _guessing(door: AnyDoor, actor: Actor, runtime: Runtime) -> Iterator[None]:
    """Let somebody name a code who may approve it; who names wrong ones must wait soon."""
    checked = with_logins(door)
    asker = current_access().principal
    logic.check_approver(asker, runtime.clock())
    with checked.guessing(asker.name, actor.source_address):
        yield
