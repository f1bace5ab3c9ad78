"""The journal of a server without Redis: what is in it is stored once, whatever ends in between."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.fixtures.api import Api, api_of
from tests.fixtures.databases import lay_migrated_sqlite_database
from tests.fixtures.factories import Factory
from tests.fixtures.reading import read_of, read_of_all, searches_of
from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.engine import make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError, NotFoundError
from trackhelm_core.queue.names import StreamId
from trackhelm_core.settings import StorageSettings
from trackhelm_domain import journal_backlog
from trackhelm_domain.journal_backlog import Accepted, JournalBacklog
from trackhelm_domain.tables import JournalEntry, Key, MetricChunk, Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_ingest.metrics import group_commit
from trackhelm_ingest.metrics.drain.journal import JournalDrain
from trackhelm_ingest.metrics.entries import pack_entry, unpack_entry
from trackhelm_ingest.metrics.group_commit import GroupCommit
from trackhelm_ingest.metrics.journal_store import add_entries
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.upkeep import Upkeep

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

Point = tuple[str, str, int]
"""Run, key and step: the value follows from the step."""


class _KilledError(Exception):
    """The process ended here."""


class _Mortal(Database):
    """A database whose process ends before the next commit of what is drained, when told so."""

    dies = False

    @contextmanager
    def redoing(self) -> Iterator[Session]:
        with super().redoing() as session:
            yield session
            if self.dies:
                raise _KilledError


class Server:
    """The parts that keep the journal, without threads: a process that a test ends where it likes."""

    def __init__(self, folder: Path) -> None:
        file = folder / "test.db"
        lay_migrated_sqlite_database(file)
        self.database = _Mortal(make_engine(f"sqlite:///{file}"))
        self.runs = [Factory(self.database).run("0") for _ in range(2)]
        self.begin()

    def begin(self) -> None:
        """Be a new process."""
        self.database.dies = False
        self.backlog = JournalBacklog(self.database, patience_seconds=0.05)
        self.drain = JournalDrain(self.database, self.backlog, Upkeep(self.database))
        self.drain.keep()

    def log(self, run: str, points: Mapping[str, list[int]]) -> None:
        columns = {
            SeriesKey(key): Points.of(steps, steps, [float(step) for step in steps])
            for key, steps in points.items()
        }
        data = pack_entry(run, columns)
        with self.database.writing() as session:
            (entry_id,) = add_entries(session, [data])
        self.backlog.accept([Accepted(entry_id, {run}, len(data))])

    def stored(self) -> Counter[Point]:
        """Return the points in chunks."""
        statement = (
            select(Run.uuid, Key.name, MetricChunk.data)
            .join(Series, Series.id == MetricChunk.series_id)
            .join(Run, Run.id == Series.run_id)
            .join(Key, Key.id == Series.key_id)
        )
        with self.database.reading() as session:
            rows = session.execute(statement).all()
        return Counter((run, key, step) for run, key, data in rows for step in decode(data).steps.tolist())

    def waiting(self) -> Counter[Point]:
        """Return the points in the journal."""
        with self.database.reading() as session:
            entries = session.scalars(select(JournalEntry.data)).all()
        return Counter(
            (entry.run, series.key, step)
            for entry in map(unpack_entry, entries)
            for series, points in entry.points.parts()
            for step in points.steps.tolist()
        )

    def count(self) -> int:
        """Return what the series count."""
        with self.database.reading() as session:
            return int(session.scalar(select(func.coalesce(func.sum(Series.count), 0))) or 0)

    def dead_letters(self) -> list[tuple[bytes, str]]:
        statement = select(JournalEntry.data, JournalEntry.reason).where(JournalEntry.reason.is_not(None))
        with self.database.reading() as session:
            return [(data, reason or "") for data, reason in session.execute(statement)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    yield started
    started.database.close()


_LOG = st.tuples(st.integers(0, 1), st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
_ACTION = st.one_of(_LOG, st.sampled_from(["drain", "die while draining", "die after draining", "die"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ACTION, max_size=25))
def test_however_logging_draining_and_dying_follow_each_point_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Any]
) -> None:
    server = Server(tmp_path_factory.mktemp("server"))
    expected: Counter[Point] = Counter()
    for number, action in enumerate(actions):
        if isinstance(action, tuple):
            run = server.runs[action[0]]
            points = {key: [2 * number, 2 * number + 1] for key in action[1]}
            server.log(run, points)
            expected += Counter((run, key, step) for key, steps in points.items() for step in steps)
        else:
            server.database.dies = action == "die while draining"
            if action != "die":
                with suppress(_KilledError):
                    server.drain.drain()
            if action != "drain":
                server.begin()
        assert server.stored() + server.waiting() == expected
        assert server.count() == server.stored().total()
    server.drain.drain()
    assert server.stored() == expected
    assert not server.waiting()
    read_of_all(server.backlog)
    server.database.close()


def test_what_the_process_before_left_is_waited_for(server: Server) -> None:
    server.log(server.runs[0], {"loss": [1]})
    server.begin()
    with pytest.raises(ApiError, match="faster than they are stored"):
        read_of(server.backlog, ["whoever"])  # Nobody has looked whose it is.
    server.drain.drain()
    read_of(server.backlog, [server.runs[0], "whoever"])


def test_only_those_are_waited_for_who_are_behind(server: Server) -> None:
    run, other = server.runs
    server.log(run, {"loss": [1]})
    read_of(server.backlog, [other])
    with pytest.raises(ApiError, match="faster than they are stored"):
        read_of(server.backlog, [other, run])
    server.drain.drain()
    assert searches_of(server.backlog, [run]) == 1
    read_of(server.backlog, [run])


def test_another_process_waits_for_all_that_is_in_the_journal(server: Server) -> None:
    reader = JournalBacklog(server.database, patience_seconds=0.05)
    read_of_all(reader)
    read_of(reader, ["whoever"])
    server.log(server.runs[0], {"loss": [1]})
    with pytest.raises(ApiError, match="faster than they are stored"):
        read_of(reader, ["whoever"])
    with pytest.raises(ApiError, match="faster than they are stored"):
        searches_of(reader, ["whoever"])
    server.drain.drain()
    read_of(reader, ["whoever"])
    read_of_all(reader)


def test_what_cannot_be_stored_is_kept_and_holds_up_nothing(server: Server) -> None:
    with server.database.writing() as session:
        ids = add_entries(
            session, [b"\x09", pack_entry("0" * 32, {SeriesKey("k"): Points.of([1], [1], [1.0])})]
        )
    server.backlog.accept([Accepted(entry_id, (), 1) for entry_id in ids])
    server.log(server.runs[0], {"loss": [1]})
    server.drain.drain()
    assert server.stored() == {(server.runs[0], "loss", 1): 1}
    reasons = [reason for _, reason in server.dead_letters()]
    assert reasons == ["an entry of an unknown version: it begins with 0x09", f"there is no run {'0' * 32}"]
    read_of_all(server.backlog)
    server.begin()
    server.drain.drain()
    assert len(server.dead_letters()) == 2


def test_what_another_process_drained_is_not_stored_again(server: Server) -> None:
    server.log(server.runs[0], {"loss": [1]})
    other = JournalBacklog(server.database, patience_seconds=1)
    other_drain = JournalDrain(server.database, other, Upkeep(server.database))
    other_drain.keep()
    other_drain.drain()
    server.drain.drain()
    read_of_all(server.backlog)
    assert server.count() == 1


def test_a_finalized_run_that_is_logged_to_is_reopend(server: Server) -> None:
    with server.database.writing() as session:
        session.execute(update(Run).where(Run.uuid == server.runs[0]).values(finalized=True))
    server.log(server.runs[0], {"loss": [1]})
    server.drain.drain()
    with server.database.reading() as session:
        assert session.scalar(select(Run.finalized).where(Run.uuid == server.runs[0])) is False


def test_who_sends_waits_while_too_much_is_not_stored_and_more_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_backlog, "MOST_BYTES", 1)
    monkeypatch.setattr(group_commit, "WAITING_BYTES", 100)
    server.log(server.runs[0], {"loss": [0]})
    sink = GroupCommit(server.database, server.backlog, Upkeep(server.database))
    points = {SeriesKey("loss"): Points.of([1], [1], [1.0])}

    async def send() -> None:
        sink.start()
        waiting = asyncio.create_task(sink.append(server.runs[0], points))
        await asyncio.sleep(0)
        with pytest.raises(ApiError, match="wait already") as refused:
            await sink.append(server.runs[0], points)
        assert (refused.value.status, refused.value.retry_after_seconds) == (429, 1)
        assert not waiting.done()
        server.drain.drain()
        await asyncio.wait_for(waiting, 30)
        server.drain.drain()
        with pytest.raises(NotFoundError):
            await asyncio.wait_for(sink.append("f" * 32, points), 30)

    asyncio.run(send())
    sink.stop()


def test_a_server_that_stops_stores_what_waits(tmp_path: Path) -> None:
    storage = StorageSettings(data=tmp_path)
    with api_of(storage) as api:
        run = api.new_run()
        for step in range(20):
            _log(api, run, step)
    engine = make_engine(storage.effective_database_url)
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(JournalEntry)) == 0
        count = select(Series.count).where(Series.label_set_id == NO_LABELS_ID)
        assert session.scalar(count) == 20
    engine.dispose()


def test_who_has_the_answer_reads_what_it_wrote(api: Api) -> None:
    run = api.new_run()
    for step in range(25):
        _log(api, run, step)
        (latest,) = api.get("runs/get", run_id=run)["run"]["data"]["metrics"]
        assert latest["step"] == step
        history = api.get("metrics/get-history", run_id=run, metric_key="loss")["metrics"]
        assert len(history) == step + 1


def test_positions_of_an_empty_journal_are_before_all(server: Server) -> None:
    assert server.backlog.stored() == server.backlog.accepted() == {}
    server.log(server.runs[0], {"loss": [1]})
    assert server.backlog.accepted() == {0: StreamId(1, 0)}


def _log(api: Api, run: str, step: int) -> None:
    metric = {"key": "loss", "value": step, "timestamp": step, "step": step}
    api.post("runs/log-batch", run_id=run, metrics=[metric])
