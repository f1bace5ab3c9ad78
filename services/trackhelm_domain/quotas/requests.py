"""The quota of requests: how many each caller of a workspace may send in a second, counted by each process.

The quota is there to keep one caller from the share of the others. So it is counted where the work is done,
and several processes of a service let through as many times of it.
"""

from trackhelm_core.access import Access
from trackhelm_core.rates import Buckets, too_fast
from trackhelm_core.runtime import Runtime
from trackhelm_domain.quotas.book import QuotaBook


class RequestRates:
    """Refuses callers who send requests too fast; used on the event loop.

    Administrators are let through, since they change quotas. Who has no account is told from others by the
    address.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._book = runtime.part(QuotaBook)
        self._buckets = Buckets()

    @property
    def may_apply(self) -> bool:
        """Whether any workspace may have quotas."""
        return self._book.may_apply

    async def check(self, access: Access, address: str) -> None:
        """Refuse a request that comes too fast; raises `ApiError` (429)."""
        quotas = await self._book.current(self._database)
        if not quotas or access.workspace_id is None:
            return
        found = quotas.get(access.workspace_id)
        rate = None if found is None else found.requests
        principal = access.principal
        if rate is None or (principal.id and principal.is_admin):
            return
        caller = (principal.id, principal.token_id) if principal.id else address
        if seconds := self._buckets.take((access.workspace_id, caller), rate, 1):
            raise too_fast(f"You may send {rate.per_second:,} requests a second in this workspace.", seconds)
