"""Requests and answers about users."""

from collections.abc import Sequence

import msgspec

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Required, WireModel
from trackhelm_domain.tables import Account, Role


class NamedUser(WireModel):
    """`GET users/get` and `DELETE users/delete`."""

    username: Required


class CreateUser(NamedUser):
    """`POST users/create`."""

    password: Required


class UpdatePassword(CreateUser):
    """`PATCH users/update-password`. Who changes their own password gives the current one, too."""

    current_password: str = ""


class UpdateAdmin(NamedUser):
    """`PATCH users/update-admin`."""

    is_admin: bool


class RoleOfUser(Reply, frozen=True):
    """A role that a user is assigned to."""

    id: int
    name: str
    workspace_id: int


class User(Reply, frozen=True):
    """A user, with every field that a client of MLflow demands: those up to 3.12 read lists of grants."""

    id: int
    username: str
    is_admin: bool
    experiment_permissions: Sequence[msgspec.Raw]
    registered_model_permissions: Sequence[msgspec.Raw]
    scorer_permissions: Sequence[msgspec.Raw]
    gateway_secret_permissions: Sequence[msgspec.Raw]
    gateway_endpoint_permissions: Sequence[msgspec.Raw]
    gateway_model_definition_permissions: Sequence[msgspec.Raw]
    roles: Sequence[RoleOfUser]


class UserAnswer(Reply, frozen=True):
    """The answer of `users/create` and `users/get`."""

    user: User


class CurrentUser(UserAnswer, frozen=True):
    """The answer of `users/current`."""

    is_basic_auth: bool


class Users(Reply, frozen=True):
    """The answer of `users/list`."""

    users: Sequence[User]


def user_message(account: Account, roles: Sequence[Role]) -> User:
    """Return the message about an account."""
    return User(
        id=account.id,
        username=account.name,
        is_admin=account.is_admin,
        experiment_permissions=(),
        registered_model_permissions=(),
        scorer_permissions=(),
        gateway_secret_permissions=(),
        gateway_endpoint_permissions=(),
        gateway_model_definition_permissions=(),
        roles=[RoleOfUser(id=role.id, name=role.name, workspace_id=role.workspace_id) for role in roles],
    )
