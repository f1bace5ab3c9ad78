"""A server that is to stop waits for its upkeep for a moment, whatever a store's call does."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from tests.fixtures.api import api_of
from tests.fixtures.waiting import wait_until
from tests.integration.artifact.test_gc_command import Server, audit_context_of, in_use
from trackhelm_artifact import upkeep as upkeep_module
from trackhelm_artifact.integrity.purging import Deleted, purge_files
from trackhelm_artifact.objects import tree
from trackhelm_artifact.upkeep import upkeep
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.tables import ArtifactTombstone
from trackhelm_ingest.deletion.logic import purge_runs


def test_a_call_that_hangs_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep_module, "LOOK_SECONDS", 0)
    monkeypatch.setattr(upkeep_module, "_PATIENCE_SECONDS", 0.05)
    hangs, released = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        released.wait(90)

    async def purge(*_: Any, **__: Any) -> Deleted:
        await to_thread.run_sync(hang)
        return Deleted()

    monkeypatch.setattr(upkeep_module, "purge_files", purge)

    async def serve() -> float:
        runtime: Any = None
        async with upkeep(runtime):
            await asyncio.to_thread(hangs.wait, 30)
            began = time.monotonic()
        took = time.monotonic() - began
        released.set()
        return took

    assert asyncio.run(serve()) < 10


def test_a_folder_is_deleted_a_page_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a turn, and a server that is to stop, can end in the middle of it."""
    monkeypatch.setattr(tree, "PAGE_ENTRIES", 2)
    monkeypatch.setattr("trackhelm_ingest.metrics.upkeep.delete_some", lambda _session: False)
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage) as api:
        server = Server(api, storage, waits=False)
        run = server.new_run(api.new_experiment(), files=5)
        root = server.root(run)
        server.put(root, "below/one.txt")
        # A name that no key leads to goes, too.
        folder = storage.data / "artifacts" / root
        wait_until(folder.is_dir)
        (folder / "back\\slash").write_bytes(b"data")
        server.delete_run(run)
        with server.runtime.database.writing() as session:
            purge_runs(session, in_use(server), [run], audit_context_of(server))
        left = []
        while server.count(ArtifactTombstone):
            anyio.run(lambda: purge_files(server.runtime, seconds=-1))
            left.append(len(server.files(root)))
        assert left[:4] == [4, 2, 1, 0]
        assert not folder.exists()
