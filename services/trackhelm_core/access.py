"""What a request may do: the levels, what each route needs, who asks, and the workspace it is about.

Owns the words of access and the context variable with the access of the request that is being answered. It
knows no table: `trackhelm_domain.access` reads rights and asks whether a row may be read or changed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from trackhelm_core.errors import PermissionDeniedError, UnauthenticatedError

DEFAULT_WORKSPACE_ID: Final = 1
"""The id of the workspace `default`, which every database has."""

DEFAULT_WORKSPACE: Final = "default"


class Level(IntEnum):
    """How far somebody may go with a thing. Each level includes those below it."""

    DENY = -1
    """Stored only: it takes away whatever else is granted on one experiment or model."""
    NONE = 0
    READ = 1
    USE = 2
    """On a workspace: its members, who read everything and own what they create."""
    EDIT = 3
    MANAGE = 4


class Need(Enum):
    """What a route needs of who calls it."""

    PUBLIC = "nothing, not even a login"
    LOGIN = "a login"
    READ = "READ on what it names"
    EDIT = "EDIT on what it names"
    MANAGE = "MANAGE on what it names"
    CREATE_EXPERIMENTS = "the right to create experiments in the workspace"
    CREATE_MODELS = "the right to create registered models in the workspace"
    MANAGER = "the role of a manager of the workspace"
    ADMIN = "the role of an administrator"

    @property
    def level(self) -> Level | None:
        """The level on the object that logic loads; None for a need that is about no object."""
        return _OBJECT_LEVELS.get(self)


_OBJECT_LEVELS: Final = {Need.READ: Level.READ, Need.EDIT: Level.EDIT, Need.MANAGE: Level.MANAGE}

_NEED: Final = "__trackhelm_need__"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def needs(need: Need) -> Callable[[Endpoint], Endpoint]:
    """Declare what an endpoint needs. Write it below the decorator of the route."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _NEED, need)
        return endpoint

    return declare


def need_of(endpoint: object) -> Need | None:
    """Return what an endpoint needs, None if it does not say."""
    found: Need | None = getattr(endpoint, _NEED, None)
    return found


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do in one workspace. Grants are by the ids of experiments and registered models."""

    workspace: Level = Level.NONE
    """USE for members, MANAGE for managers."""
    all_experiments: Level = Level.NONE
    all_models: Level = Level.NONE
    experiments: Mapping[int, Level] = field(default_factory=lambda: MappingProxyType({}))
    models: Mapping[int, Level] = field(default_factory=lambda: MappingProxyType({}))
    experiment_ceiling: Level = Level.MANAGE
    """No level on an experiment is above it: the scope of a token."""
    model_ceiling: Level = Level.MANAGE

    def on_experiment(self, experiment_id: int) -> Level:
        """Return the level on an experiment of this workspace."""
        return self._level(self.experiments.get(experiment_id), self.all_experiments, self.experiment_ceiling)

    def on_model(self, model_id: int) -> Level:
        """Return the level on a registered model of this workspace, by its row's id."""
        return self._level(self.models.get(model_id), self.all_models, self.model_ceiling)

    def _level(self, own: Level | None, every: Level, ceiling: Level) -> Level:
        if self.workspace is Level.MANAGE:
            return min(Level.MANAGE, ceiling)
        if own is Level.DENY:
            return Level.NONE
        by_role = max(every, Level.READ) if self.workspace is Level.USE else every
        return min(max(by_role, own or Level.NONE), ceiling)

    @property
    def is_member(self) -> bool:
        """Whether anything at all is granted here: to everybody else the workspace does not exist."""
        return (
            max(self.workspace, self.all_experiments, self.all_models) > Level.NONE
            or any(level > Level.NONE for level in self.experiments.values())
            or any(level > Level.NONE for level in self.models.values())
        )

    @property
    def manages(self) -> bool:
        """Whether these are the rights of a manager of the workspace, of which no scope takes away."""
        return (
            self.workspace is Level.MANAGE
            and min(self.experiment_ceiling, self.model_ceiling) is Level.MANAGE
        )

    @property
    def creates_experiments(self) -> bool:
        """Whether experiments may be created."""
        return self.workspace >= Level.USE and self.experiment_ceiling >= Level.EDIT

    @property
    def creates_models(self) -> bool:
        """Whether registered models may be created."""
        return self.workspace >= Level.USE and self.model_ceiling >= Level.EDIT


EVERYTHING: Final = Rights(workspace=Level.MANAGE)
NOTHING: Final = Rights()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what they may do in each workspace. `id` is 0 for who has no account."""

    id: int
    name: str
    is_admin: bool = False
    rights: Mapping[int, Rights] = field(default_factory=lambda: MappingProxyType({}))
    """By workspace."""
    home: int | None = None
    """The workspace that the credential is bound to, and that a request without a header is about."""
    token_id: int | None = None
    """The token that was shown; None for who gave a password, has a session, or was named by a proxy."""
    is_service: bool = False
    """Whether it is a service account: such a one approves nothing."""
    session_id: int | None = None
    """The session of a browser that the request is sent in; None for who shows a password or a token."""
    login_time: int = 0
    """When that session's user logged in, in milliseconds since the epoch."""

    def rights_in(self, workspace_id: int) -> Rights:
        """Return what they may do in a workspace."""
        found = self.rights.get(workspace_id)
        if found is None:
            return EVERYTHING if self.is_admin and self.home in {None, workspace_id} else NOTHING
        return replace(found, workspace=Level.MANAGE) if self.is_admin else found


EVERYBODY: Final = Principal(0, "anonymous", is_admin=True)
"""Every caller of a server that checks nobody."""

NOBODY: Final = Principal(0, "anonymous")
"""A caller without credentials, of a server that checks who calls."""


Renewal = Callable[[Any, "Access"], None]
"""Takes the session of a database and an access, and brings the rights of the access up to date."""


class Access:
    """The access of one request: who asks, what they may do in the workspace, and what the route needs."""

    __slots__ = (
        "_scope",
        "epoch",
        "is_checked",
        "is_confined",
        "principal",
        "renewal",
        "rights",
        "workspace_id",
        "workspace_name",
    )

    def __init__(
        self,
        principal: Principal,
        workspace_id: int | None = DEFAULT_WORKSPACE_ID,
        workspace_name: str = DEFAULT_WORKSPACE,
        scope: Mapping[str, Any] | None = None,
        *,
        is_confined: bool = True,
    ) -> None:
        self.principal = principal
        self.workspace_id = workspace_id
        """The workspace that the request is about; None for a program of the server, which is about all."""
        self.workspace_name = workspace_name
        self.rights = EVERYTHING if workspace_id is None else principal.rights_in(workspace_id)
        self.is_confined = is_confined and workspace_id is not None
        """Whether there is anything that may not be read or changed."""
        self.epoch = 0
        """How often rights had changed when these were read."""
        self.renewal: Renewal | None = None
        """Brings the rights up to date; None where they never change."""
        self.is_checked = False
        """Whether what the request names was held against the rights."""
        self._scope = scope

    def renew(self, principal: Principal, epoch: int) -> None:
        """Take the rights that somebody has in a newer epoch."""
        self.principal = principal
        self.epoch = epoch
        if self.workspace_id is not None:
            self.rights = principal.rights_in(self.workspace_id)
            self.is_confined = self.is_confined or not principal.is_admin

    @property
    def need(self) -> Need | None:
        """What the route that was called needs, None if there is no route."""
        if self._scope is None:
            return None
        route = self._scope.get("route")
        return need_of(self._scope.get("endpoint") or getattr(route, "endpoint", None))

    @property
    def level(self) -> Level:
        """The level that the route needs on what it names."""
        need = self.need
        if need is None or need.level is None:
            raise RuntimeError(f"the route of {self._where()} does not say what it needs on what it names")
        return need.level

    @property
    def decides_by_route(self) -> bool:
        """Whether the route alone is held against the rights, which must then be those of now."""
        need = self.need
        return self.renewal is not None and need not in {None, Need.PUBLIC} and need not in _OBJECT_LEVELS

    @property
    def is_complete(self) -> bool:
        """Whether everything that the route needs was looked at, so that its answer may be sent."""
        if self.is_checked:
            return True
        need = self.need
        return need is None or need.level is None

    def check_route(self) -> None:
        """Refuse a caller who lacks what the route needs, as far as that is about no object."""
        match self.need:
            case Need.LOGIN if self.principal is NOBODY:
                raise not_logged_in()
            case Need.CREATE_EXPERIMENTS if not self.rights.creates_experiments:
                raise self.denied("create experiments")
            case Need.CREATE_MODELS if not self.rights.creates_models:
                raise self.denied("create registered models")
            case Need.MANAGER if not self.rights.manages:
                raise self.denied("do what its managers may")
            case Need.ADMIN if not self.principal.is_admin:
                raise PermissionDeniedError("Permission denied: only an administrator may do this.")
            case _:
                pass

    def denied(self, what: str) -> PermissionDeniedError:
        """Return the refusal of something in the workspace; `what` ends the sentence."""
        return PermissionDeniedError(
            f"Permission denied: '{self.principal.name}' may not {what} in workspace '{self.workspace_name}'."
        )

    def _where(self) -> str:
        return "a program" if self._scope is None else f"{self._scope['method']} {self._scope['path']}"


def not_logged_in() -> UnauthenticatedError:
    """Return the refusal of a request without credentials."""
    return UnauthenticatedError(
        "You are not authenticated. Give a name and a password (MLFLOW_TRACKING_USERNAME and "
        "MLFLOW_TRACKING_PASSWORD) or a token (MLFLOW_TRACKING_TOKEN)."
    )


_PROGRAM: Final = Access(Principal(0, "server", is_admin=True), workspace_id=None)

_current: ContextVar[Access] = ContextVar("access", default=_PROGRAM)
"""A program of the server, such as a worker, has all rights. Every request sets its own."""


def current_access() -> Access:
    """Return the access of the request that is being answered, or that of the program."""
    return _current.get()


@contextmanager
def as_program(workspace_id: int | None = None) -> Iterator[None]:
    """Do something as a program of the server, by default in all workspaces.

    So is done what is done for several requests at once, each of which is checked by itself.
    """
    program = _PROGRAM
    if workspace_id is not None:
        program = Access(_PROGRAM.principal, workspace_id, is_confined=False)
    token = _current.set(program)
    try:
        yield
    finally:
        _current.reset(token)


def asking_workspace() -> str | None:
    """Return the name of the workspace that the request is about; None for a program, which is about all."""
    access = current_access()
    return None if access.principal is _PROGRAM.principal else access.workspace_name


def set_access(access: Access) -> object:
    """Make it the access of what runs from here on; return what `reset_access` takes."""
    return _current.set(access)


def reset_access(token: Any) -> None:
    """Restore the access from before."""
    _current.reset(token)
