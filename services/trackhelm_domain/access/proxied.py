"""Letting in the users whom a trusted proxy names: their accounts, and what their groups give them.

The first time that one comes an account is made, without a password.
"""

from contextlib import suppress
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trackhelm_core.access import Principal
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import UnavailableError
from trackhelm_core.runtime import Clock
from trackhelm_core.security.actor import Actor, ActorKind, Shown
from trackhelm_domain.access.accounts import Refusal, by_account_id
from trackhelm_domain.access.groups import GroupRules, follow_groups, has_what_groups_give
from trackhelm_domain.access.rights import access_epoch, account_by_name, assign_default_role, change_access
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record
from trackhelm_domain.tables import Account
from trackhelm_domain.tables.identity import AccountKind

_TRIES: Final = 3


class ProxiedUsers:
    """The users whom the proxy names. Any thread may use it, but not the event loop."""

    def __init__(self, database: Database, clock: Clock, new_user_role: str, rules: GroupRules) -> None:
        self._database = database
        self._clock = clock
        self._new_user_role = new_user_role
        self.rules = rules

    def enter(self, name: str, shown: Shown) -> tuple[Principal | Refusal, int]:
        """Return whom a proxy names, with what the groups that it lists give now, and in which epoch.

        Raises:
            UnavailableError: Other requests of theirs list other groups at the same time.
        """
        for _ in range(_TRIES):
            found = self._found(name, shown)
            if found is not None:
                return found
            with suppress(IntegrityError):  # Another request has just made the account.
                self._change(name, shown)
        raise UnavailableError(f"The groups of the user '{name}' are changing. Send the request again.")

    def _found(self, name: str, shown: Shown) -> tuple[Principal | Refusal, int] | None:
        """Return whom a proxy names, None if anything of their account is to be changed first."""
        with self._database.reading() as session:
            epoch = access_epoch(session)
            account = account_by_name(session, name)
            if account is None:
                return None
            if not account.is_disabled and not has_what_groups_give(
                session, account, shown.groups, self.rules
            ):
                return None
            return by_account_id(session, account.id), epoch

    def _change(self, name: str, shown: Shown) -> None:
        actor = Actor(name, ActorKind.PROXIED, shown.address, shown.request_id)
        context = AuditContext(actor, self._clock())
        with self._database.writing() as session:
            account = account_by_name(session, name) or self._made(session, name, context)
            follow_groups(session, account, shown.groups, self.rules, context)

    def _made(self, session: Session, name: str, context: AuditContext) -> Account:
        change_access(session)
        account = Account(
            name=name,
            name_key=name.casefold(),
            kind=AccountKind.USER,
            creation_time=context.time,
            is_admin=False,
            is_disabled=False,
        )
        session.add(account)
        session.flush()
        entity = Entity(EntityType.ACCOUNT, name)
        record(session, Change(entity, Action.CREATED, None, {"is_admin": False}), context)
        assign_default_role(session, account.id, self._new_user_role)
        return account
