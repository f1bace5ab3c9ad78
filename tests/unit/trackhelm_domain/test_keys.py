"""The cache of keys."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, event, insert
from sqlalchemy.orm import Session

from trackhelm_domain import keys as module
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables import Base, Key


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[Base.metadata.tables["key"]])
    with Session(engine) as session:
        session.execute(insert(Key), [{"id": 1, "name": "loss"}, {"id": 2, "name": "lr"}])
        yield session
    engine.dispose()


def count_reads(session: Session) -> list[str]:
    reads: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            reads.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    return reads


def test_a_key_is_read_once(session: Session) -> None:
    reads = count_reads(session)
    assert keys_of(session).ids(session, ["loss", "lr"]) == {"loss": 1, "lr": 2}
    assert keys_of(session).names(session, [2, 1])[2] == "lr"
    assert keys_of(session).ids(session, ["lr"])["lr"] == 2
    assert len(reads) == 1


def test_a_missing_key_is_not_cached(session: Session) -> None:
    assert "new" not in keys_of(session).ids(session, ["new", "loss"])
    session.execute(insert(Key).values(id=3, name="new"))
    assert keys_of(session).ids(session, ["new", "loss"])["new"] == 3


def test_memory_is_bounded(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 1)
    keys = keys_of(session)
    for _ in range(2):
        assert keys.names(session, [1, 2]) == {1: "loss", 2: "lr"}
        assert keys.ids(session, ["loss", "lr"]) == {"loss": 1, "lr": 2}
    assert keys.names(session, [1])[1] == "loss"
    assert keys.names(session, [2])[2] == "lr"
