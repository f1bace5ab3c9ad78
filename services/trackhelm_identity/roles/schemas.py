"""Requests and answers about roles, their permissions, and grants of users."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Repeated, Required, WireModel


class CreateRole(WireModel):
    """`POST roles/create`."""

    name: Required
    workspace: str = "default"
    description: str = ""


class NamedRole(WireModel):
    """`GET roles/get`, `roles/permissions/list` and `roles/users/list`, and `DELETE roles/delete`."""

    role_id: Int64


class UpdateRole(NamedRole):
    """`PATCH roles/update`."""

    name: str | None = None
    description: str | None = None


class ListRoles(WireModel):
    """`GET roles/list`. Without a workspace it is every role, for administrators."""

    workspace: Repeated = ()


class AddPermission(NamedRole):
    """`POST roles/permissions/add`."""

    resource_type: Required
    resource_pattern: Required
    permission: Required


class NamedPermission(WireModel):
    """`DELETE roles/permissions/remove`."""

    role_permission_id: Int64


class UpdatePermission(NamedPermission):
    """`PATCH roles/permissions/update`."""

    permission: Required


class Assign(NamedRole):
    """`POST roles/assign` and `DELETE roles/unassign`."""

    username: Required


class OfUser(WireModel):
    """`GET users/roles/list` and `users/permissions/list`."""

    username: Required


class UserPermission(OfUser):
    """`POST users/permissions/revoke` and `GET users/permissions/get`."""

    resource_type: Required
    resource_id: Required


class GrantPermission(UserPermission):
    """`POST users/permissions/grant`."""

    permission: Required


class OfExperiment(WireModel):
    """`GET experiments/permissions/get` and `DELETE experiments/permissions/delete`."""

    experiment_id: Required
    username: Required


class OnExperiment(OfExperiment):
    """`POST experiments/permissions/create` and `PATCH experiments/permissions/update`."""

    permission: Required


class OfModel(WireModel):
    """`GET registered-models/permissions/get` and `DELETE registered-models/permissions/delete`."""

    name: Required
    username: Required


class OnModel(OfModel):
    """`POST registered-models/permissions/create` and `PATCH registered-models/permissions/update`."""

    permission: Required


class ListGrants(WireModel):
    """`GET trackhelm/grants/list`: on an experiment or on a registered model, of which one is named."""

    experiment_id: str = ""
    model_name: str = ""


class RolePermission(Reply, frozen=True):
    """A permission of a role."""

    id: int
    role_id: int
    resource_type: str
    resource_pattern: str
    permission: str


class Role(Reply, frozen=True):
    """A role with its permissions."""

    id: int
    name: str
    workspace: str
    description: str
    permissions: Sequence[RolePermission]


class RoleAnswer(Reply, frozen=True):
    """The answer about one role."""

    role: Role


class Roles(Reply, frozen=True):
    """The answer of `roles/list` and `users/roles/list`."""

    roles: Sequence[Role]


class RolePermissionAnswer(Reply, frozen=True):
    """The answer about one permission of a role."""

    role_permission: RolePermission


class RolePermissions(Reply, frozen=True):
    """The answer of `roles/permissions/list`."""

    role_permissions: Sequence[RolePermission]


class Assignment(Reply, frozen=True):
    """The role of a user."""

    id: int
    user_id: int
    role_id: int


class AssignmentAnswer(Reply, frozen=True):
    """The answer of `roles/assign`."""

    assignment: Assignment


class Assignments(Reply, frozen=True):
    """The answer of `roles/users/list`."""

    assignments: Sequence[Assignment]


class Permission(Reply, frozen=True):
    """What a user may do: by a role, or by a grant of their own, whose role has no id."""

    role_id: int
    role_name: str
    workspace: str
    resource_type: str
    resource_pattern: str
    permission: str


class Permissions(Reply, frozen=True):
    """The answer of `users/permissions/list` and `users/current/permissions`."""

    is_admin: bool
    permissions: Sequence[Permission]


class Allowed(Reply, frozen=True):
    """The answer of `users/permissions/get`. `allowed` says whether it may be used, which READ is not."""

    allowed: bool
    permission: str


class ExperimentPermission(Reply, frozen=True):
    """What a user may do with an experiment."""

    experiment_id: str
    user_id: int
    permission: str


class ExperimentPermissionAnswer(Reply, frozen=True):
    """The answer of `experiments/permissions/create` and `get`."""

    experiment_permission: ExperimentPermission


class ModelPermission(Reply, frozen=True):
    """What a user may do with a registered model."""

    name: str
    user_id: int
    permission: str


class ModelPermissionAnswer(Reply, frozen=True):
    """The answer of `registered-models/permissions/create` and `get`."""

    registered_model_permission: ModelPermission


class UserGrant(Reply, frozen=True):
    """What was granted to one user."""

    username: str
    permission: str


class RoleGrant(Reply, frozen=True):
    """What a role gives to everybody who has it."""

    role_id: int
    role_name: str
    permission: str


class Grants(Reply, frozen=True):
    """The answer of `grants/list`: who may do something with one thing, besides administrators.

    A level of `roles` is that of the role on this thing. A user with several levels has the highest of them,
    unless one is a denial.
    """

    users: Sequence[UserGrant]
    roles: Sequence[RoleGrant]
