"""Rules about the roles of service accounts of a Kubernetes cluster: for who manages the workspace."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Access
from trackhelm_core.errors import AlreadyExistsError, NotFoundError
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_domain.access.rights import ANY_SERVICE_ACCOUNT, change_access
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.tables import KubernetesBinding
from trackhelm_identity.kubernetes import store

_LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_SERVICE_ACCOUNT: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The binding that a request asks for."""

    namespace: str
    service_account: str
    role: str


def create_binding(
    session: Session, wanted: Wanted, access: Access, context: AuditContext
) -> KubernetesBinding:
    """Give a service account, or every one of a namespace, a role of the workspace."""
    if not _NAMESPACE.fullmatch(wanted.namespace):
        raise invalid_value(
            wanted.namespace,
            "namespace",
            "it must be the name of a namespace",
        )
    if wanted.service_account != ANY_SERVICE_ACCOUNT and not _SERVICE_ACCOUNT.fullmatch(
        wanted.service_account
    ):
        raise invalid_value(
            wanted.service_account,
            "service_account",
            f"it must be the name of a service account, or '{ANY_SERVICE_ACCOUNT}' for all of the namespace",
        )
    change_access(session)
    role = store.role_named(session, access.workspace_id or 0, wanted.role)
    if role is None:
        raise NotFoundError(f"There is no role '{wanted.role}' in workspace '{access.workspace_name}'.")
    row = KubernetesBinding(
        namespace=wanted.namespace,
        service_account=wanted.service_account,
        role_id=role.id,
        created_by=context.actor.name,
        creation_time=context.time,
    )
    if store.has_binding(session, row):
        raise AlreadyExistsError(
            f"{_named(row)} has the role '{role.name}' in workspace '{access.workspace_name}' already."
        )
    store.insert(session, row)
    record(session, Change(_entity(access, role.name), Action.GRANTED, None, _state(row)), context)
    return row


def list_bindings(session: Session, access: Access) -> Sequence[tuple[KubernetesBinding, str]]:
    """Return the bindings to roles of the workspace, each with the name of its role."""
    return store.bindings_of(session, access.workspace_id or 0)


def delete_binding(session: Session, binding_id: int, access: Access, context: AuditContext) -> None:
    """Take a role away; it counts from the next request on."""
    change_access(session)
    found = store.find_binding(session, access.workspace_id or 0, binding_id)
    if found is None:
        raise NotFoundError(
            f"There is no binding with id={binding_id} in workspace '{access.workspace_name}'."
        )
    row, role = found
    before = _state(row)
    store.delete(session, row)
    record(session, Change(_entity(access, role), Action.REVOKED, before, None), context)


def _named(row: KubernetesBinding) -> str:
    if row.service_account == ANY_SERVICE_ACCOUNT:
        return f"Every service account of namespace '{row.namespace}'"
    return f"The service account '{row.namespace}/{row.service_account}'"


def _entity(access: Access, role: str) -> Entity:
    return Entity(EntityType.ROLE, f"{access.workspace_name}/{role}"[:256])


def _state(row: KubernetesBinding) -> State:
    return {"namespace": row.namespace, "service_account": row.service_account}
