"""Who may decide a request for approval."""

import pytest

from trackhelm_core.errors import PermissionDeniedError
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_registry.governance.logic import check_decider


def actor(name: str, kind: ActorKind = ActorKind.USER) -> Actor:
    return Actor(name, kind, "10.0.0.1", "r")


@pytest.mark.parametrize("kind", [ActorKind.USER, ActorKind.TOKEN, ActorKind.PROXIED])
def test_another_name_decides_however_it_was_found(kind: ActorKind) -> None:
    check_decider(actor("bob", kind), 1, "ada")


@pytest.mark.parametrize(
    "decider",
    [
        actor("ada"),
        actor("Ada"),
        actor("ada", ActorKind.PROXIED),
        actor("anonymous", ActorKind.ANONYMOUS),
    ],
)
def test_the_requester_and_who_is_not_known_do_not(decider: Actor) -> None:
    with pytest.raises(PermissionDeniedError, match="Approval request 1 "):
        check_decider(decider, 1, "ada")


def test_a_name_that_nobody_has_checked_decides_nothing() -> None:
    unchecked = Actor("bob", ActorKind.USER, "10.0.0.1", "r", is_checked=False)
    with pytest.raises(PermissionDeniedError, match="does not check names"):
        check_decider(unchecked, 1, "ada")
