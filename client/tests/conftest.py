"""What every test of the client has: no settings of the developer's, and folders of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the surroundings reach the client, and wait for no tries."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "TRACKHELM_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_state() -> Iterator[None]:
    """Leave no active run or experiment, and no URI, to the next test."""
    yield
    import trackhelm
    from trackhelm.fluent import _state, logging

    while trackhelm.active_run() is not None:
        trackhelm.end_run()
    logging.set_active_model_id(None)
    _state.forget_experiment()
    trackhelm.set_tracking_uri("")
