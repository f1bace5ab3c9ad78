"""What one transaction of `gc` reads and deletes."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.fixtures.api import api_of
from tests.integration.artifact.test_gc_command import Server, audit_context_of, in_use
from trackhelm_core.settings import StorageSettings
from trackhelm_domain import deletion
from trackhelm_domain.tables import Experiment, ModelVersion
from trackhelm_ingest.deletion import logic as deletion_logic
from trackhelm_ingest.deletion import store as deletion_store


def test_a_version_that_is_registered_while_the_command_runs_keeps_its_files(
    tmp_path: Path, own_database_url: str
) -> None:
    storage = StorageSettings(data=tmp_path, database_url=own_database_url)
    with api_of(storage) as api:
        server = Server(api, storage, waits=False)
        experiment = api.new_experiment()
        runs = [server.new_run(experiment, files=0) for _ in range(3)]
        api.post("registered-models/create", name="iris")
        api.post("model-versions/create", name="iris", source=f"runs:/{runs[0]}/m", run_id=runs[0])
        with server.runtime.database.writing() as session:
            # Long ago, so that it is known by what was read first alone.
            session.execute(update(ModelVersion).values(last_updated_timestamp=1))
            session.execute(update(Experiment).values(creation_time=1))
        used = in_use(server)
        with server.runtime.database.reading() as session:
            used.read(session)
        api.post("model-versions/create", name="iris", source=f"runs:/{runs[1]}/m", run_id=runs[1])
        for run_id in runs:
            server.delete_run(run_id)
        seen: list[tuple[str, str]] = []
        original = deletion._users
        with pytest.MonkeyPatch.context() as patch:

            def users(session: Any, since: int) -> Iterator[tuple[str, str]]:
                for user in original(session, since):
                    seen.append(user)
                    yield user

            patch.setattr(deletion, "_users", users)
            with server.runtime.database.writing() as session:
                kept = deletion_logic.purge_runs(session, used, runs, audit_context_of(server))
        assert {each.id for each in kept} == set(runs[:2])
        assert [uri for _, uri in seen] == [f"runs:/{runs[1]}/m"], "what was known is not read again"


def test_rows_are_deleted_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_database_url: str
) -> None:
    monkeypatch.setattr(deletion_store, "ROWS_AT_ONCE", 2)
    storage = StorageSettings(data=tmp_path, database_url=own_database_url)
    with api_of(storage) as api:
        server = Server(api, storage, waits=False)
        run_id = server.new_run(api.new_experiment())
        api.post(
            "runs/log-batch",
            run_id=run_id,
            params=[{"key": f"p{number}", "value": "x"} for number in range(4)],
        )
        server.delete_run(run_id)
        context = audit_context_of(server)
        with server.runtime.database.writing() as session:
            assert deletion_logic.purge_runs(session, in_use(server), [run_id], context) == []
        sizes = []
        more = True
        while more:
            with server.runtime.database.writing() as session:
                more = deletion_logic.delete_some(session)
            sizes.append(sum(server.counts().values()))
        steps = [before - after for before, after in itertools.pairwise(sizes)]
        assert len(steps) > 5
        assert max(steps) <= 2
