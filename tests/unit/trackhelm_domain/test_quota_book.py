"""What a process knows of quotas while the database is away."""

from typing import Any

import anyio
from sqlalchemy.exc import OperationalError

from trackhelm_domain.quotas.book import REMEMBERED_SECONDS, QuotaBook


class AwayDatabase:
    """A database that is away, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def reading_once(self) -> Any:
        self.asked += 1
        raise OperationalError("SELECT 1", {}, Exception("away"))


def test_a_database_that_is_away_is_not_asked_by_every_request() -> None:
    now = 0.0
    book, away = QuotaBook(lambda: now), AwayDatabase()
    database: Any = away
    for _ in range(10):
        assert not anyio.run(book.current, database)
    assert away.asked == 1
    now = REMEMBERED_SECONDS
    anyio.run(book.current, database)
    assert away.asked == 2
