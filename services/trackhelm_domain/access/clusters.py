"""Letting in the service accounts of a Kubernetes cluster, which have roles by bindings and never a password.

The first time that one comes it gets an account, so that what it creates is its own and can be granted to it.
"""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from trackhelm_core.access import Principal
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.runtime import Clock
from trackhelm_core.security.kubernetes_tokens import KubernetesTokens, RefusedTokenError
from trackhelm_domain.access.accounts import Refusal, by_account_id
from trackhelm_domain.access.rights import (
    access_epoch,
    account_by_name,
    change_access,
    cluster_name,
    is_bound,
)
from trackhelm_domain.tables import Account
from trackhelm_domain.tables.identity import AccountKind


@dataclass(frozen=True, slots=True)
class Entered:
    """Whom a token of the cluster stands for, in which epoch, and how many seconds it counts."""

    found: Principal | Refusal
    epoch: int = 0
    seconds: float = 0.0


class ClusterAccounts:
    """The service accounts of one cluster. Any thread may use it, but not the event loop."""

    def __init__(self, database: Database, tokens: KubernetesTokens, clock: Clock) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock

    def enter(self, token: str) -> Entered:
        """Return whom a token stands for."""
        try:
            account = self._tokens.verify(token)
        except RefusedTokenError as error:
            return Entered(Refusal("cluster_token", message=str(error)))
        name = cluster_name(account.namespace, account.name)
        found, epoch = self._find(name)
        if found is None:
            self._make(name)
            found, epoch = self._find(name)
            assert found is not None
        return Entered(found, epoch, account.until - self._clock() / 1000)

    def _find(self, name: str) -> tuple[Principal | Refusal | None, int]:
        with self._database.reading() as session:
            epoch = access_epoch(session)
            account = account_by_name(session, name)
            if account is not None:
                return by_account_id(session, account.id), epoch
            # Whom nobody has bound gets no account.
            is_known = is_bound(session, name)
        return (None if is_known else Refusal("unbound")), epoch

    def _make(self, name: str) -> None:
        account = Account(
            name=name,
            name_key=name.casefold(),
            kind=AccountKind.KUBERNETES,
            creation_time=self._clock(),
            is_admin=False,
            is_disabled=False,
        )
        try:
            with self._database.writing() as session:
                change_access(session)
                session.add(account)
                session.flush()
        except IntegrityError:
            pass  # Another request has made it.
