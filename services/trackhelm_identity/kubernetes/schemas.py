"""Requests and answers about the roles of service accounts of a Kubernetes cluster."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Required, WireModel
from trackhelm_domain.access.rights import ANY_SERVICE_ACCOUNT
from trackhelm_domain.tables import KubernetesBinding


class CreateBinding(WireModel):
    """`POST trackhelm/kubernetes-bindings/create`. Without an account it is for the whole namespace."""

    namespace: Required
    service_account: str = ANY_SERVICE_ACCOUNT
    role: Required


class DeleteBinding(WireModel):
    """`POST trackhelm/kubernetes-bindings/delete`."""

    id: Int64


class BindingMessage(Reply, frozen=True):
    """A role of the workspace that service accounts have. The time is in milliseconds since the epoch."""

    id: int
    namespace: str
    service_account: str
    role: str
    created_by: str
    creation_time: int


class BindingAnswer(Reply, frozen=True):
    """The answer of `kubernetes-bindings/create`."""

    binding: BindingMessage


class Bindings(Reply, frozen=True):
    """The answer of `kubernetes-bindings/list`."""

    bindings: Sequence[BindingMessage]


def binding_message(row: KubernetesBinding, role: str) -> BindingMessage:
    """Return the message about a binding to a role of this name."""
    return BindingMessage(row.id, row.namespace, row.service_account, role, row.created_by, row.creation_time)
