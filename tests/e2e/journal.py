"""What a script was promised, and whether the server kept it."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient


@dataclass
class Promises:
    """Everything in a journal of `scripts/logs_steadily.py`, by kind."""

    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    points: list[tuple[str, int, float]] = field(default_factory=list)
    calls: int = 0


def read_journal(journal: Path) -> Promises:
    """Read the whole lines of a journal; a script that was killed may have left half of one."""
    promises = Promises()
    for line in journal.read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        kind, content = json.loads(line)
        promises.calls += 1
        if kind == "points":
            promises.points += [(key, step, value) for key, step, value in content]
        else:
            getattr(promises, kind).update(content)
    return promises


def assert_kept_exactly_once(promises: Promises, client: MlflowClient, run_id: str, folder: Path) -> None:
    """Require all that was acknowledged to be there, with its value, and no point to be there twice."""
    run = client.get_run(run_id)
    assert promises.params.items() <= run.data.params.items()
    assert promises.tags.items() <= run.data.tags.items()

    keys = {key for key, _, _ in promises.points}
    stored = Counter(
        (point.key, point.step, point.value)
        for key in keys
        for point in client.get_metric_history(run_id, key)
    )
    assert set(promises.points) <= stored.keys()
    assert set(stored.values()) <= {1}

    # The script may have gone on since the journal was read, so the latest value may be newer than promised.
    for key in keys:
        promised = max(step for promised_key, step, _ in promises.points if promised_key == key)
        shown = max(
            step for stored_key, step, value in stored if (stored_key, value) == (key, run.data.metrics[key])
        )
        assert shown >= promised

    if promises.files:
        local = Path(mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=str(folder)))
        for name, text in promises.files.items():
            assert (local / name).read_text() == text
