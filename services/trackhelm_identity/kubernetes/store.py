"""Statements about the roles of service accounts of a Kubernetes cluster."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import KubernetesBinding, Role


def bindings_of(session: Session, workspace_id: int) -> Sequence[tuple[KubernetesBinding, str]]:
    """Return the bindings to roles of a workspace, each with the name of its role."""
    statement = _with_role(workspace_id).order_by(
        KubernetesBinding.namespace, KubernetesBinding.service_account, KubernetesBinding.id
    )
    return session.execute(statement).all()


def find_binding(
    session: Session, workspace_id: int, binding_id: int
) -> tuple[KubernetesBinding, str] | None:
    """Return a binding to a role of a workspace, by its id."""
    return session.execute(_with_role(workspace_id).where(KubernetesBinding.id == binding_id)).one_or_none()


def has_binding(session: Session, row: KubernetesBinding) -> bool:
    """Return whether there is a binding of the same account to the same role."""
    statement = select(KubernetesBinding.id).where(
        KubernetesBinding.namespace == row.namespace,
        KubernetesBinding.service_account == row.service_account,
        KubernetesBinding.role_id == row.role_id,
    )
    return session.scalar(statement) is not None


def insert(session: Session, row: KubernetesBinding) -> None:
    """Insert a binding."""
    session.add(row)
    session.flush()


def delete(session: Session, row: KubernetesBinding) -> None:
    """Delete a binding."""
    session.delete(row)
    session.flush()


def role_named(session: Session, workspace_id: int, name: str) -> Role | None:
    """Return the role of a workspace with a name."""
    return session.scalar(select(Role).where(Role.workspace_id == workspace_id, Role.name == name))


def _with_role(workspace_id: int) -> Select[KubernetesBinding, str]:
    statement = select(KubernetesBinding, Role.name).join(Role, Role.id == KubernetesBinding.role_id)
    return statement.where(Role.workspace_id == workspace_id)
