"""Checkpoints that a training stores as it goes on: the best one, or one for each epoch or number of steps.

A checkpoint is written by the training and sent by another thread, so that the training does not wait. Of
checkpoints that replace one another, those that are overtaken while another is sent are not sent.
"""

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.autologging.recording import Recorder

LATEST_TAG: Final = "mlflow.latest_checkpoint_artifact"
_FOLDER: Final = "checkpoints"

_logger = logging.getLogger("trackhelm")


class Checkpoints:
    """The checkpoints of one training.

    Args:
        recorder: The run, and the options whose names begin with `checkpoint_`.
        suffix: The suffix of the files, such as `.h5`.
    """

    def __init__(self, recorder: "Recorder", suffix: str) -> None:
        option = recorder.integration.option
        self._recorder = recorder
        self._suffix = suffix
        self._monitor: str = option("checkpoint_monitor")
        self._is_better: Callable[[float, float], bool] = (
            float.__gt__ if option("checkpoint_mode") == "max" else float.__lt__
        )
        self._best_only: bool = option("checkpoint_save_best_only")
        self.weights_only: bool = option("checkpoint_save_weights_only")
        self.frequency: str | int = option("checkpoint_save_freq")
        self._best: float | None = None
        self._newest = 0
        self._has_warned = False

    def offer(self, metrics: Mapping[str, Any], epoch: int, step: int, save: Callable[[str], Any]) -> None:
        """Store a checkpoint, unless only the best are wanted and this one is not better.

        Args:
            metrics: The metrics of the model as it is now.
            epoch: The epoch, from 0.
            step: The steps that were taken.
            save: Writes the checkpoint to a path.
        """
        numbers = {name: float(value) for name, value in metrics.items()}
        if self._best_only:
            if self._monitor not in numbers:
                if not self._has_warned:
                    self._has_warned = True
                    self._recorder.integration.warn(
                        f"there are no checkpoints, since there is no metric {self._monitor}"
                    )
                return
            value = numbers[self._monitor]
            if self._best is not None and not self._is_better(value, self._best):
                return
            self._best = value
        place = self._place(epoch, step)
        stem = "latest_checkpoint" if self._best_only else "checkpoint"
        weights = ".weights" if self.weights_only else ""
        local = Path(mkdtemp(prefix="trackhelm-"))
        name = f"{stem}{weights}{self._suffix}"
        save(str(local / name))
        described = {**numbers, "epoch": epoch, "global_step": step}
        (local / f"{stem}_metrics.json").write_text(json.dumps(described, indent=2), encoding="utf-8")
        self._recorder.tags({LATEST_TAG: f"{place}/{name}"})
        self._newest += 1
        from trackhelm.artifacts.background import submit

        submit(self._send, local, place, self._newest)

    def _place(self, epoch: int, step: int) -> str:
        if self._best_only:
            return _FOLDER
        return f"{_FOLDER}/epoch_{epoch}" if self.frequency == "epoch" else f"{_FOLDER}/global_step_{step}"

    def _send(self, local: Path, place: str, number: int) -> None:
        try:
            if number == self._newest or not self._best_only:
                self._recorder.folder(local, place)
        finally:
            shutil.rmtree(local, ignore_errors=True)

    @staticmethod
    def finish() -> None:
        """Wait until all checkpoints are sent."""
        from trackhelm.artifacts.background import flush

        flush()


def download_checkpoint(run_id: str | None, epoch: int | None, global_step: int | None, dst_path: str) -> str:
    """Download a checkpoint of a run and return its path.

    Args:
        run_id: The run; the active one by default.
        epoch: The epoch, or
        global_step: the step of the checkpoint; the latest by default.
        dst_path: The folder into which it is written.

    Raises:
        MlflowException: There is no run or checkpoint, or both an epoch and a step are given.
    """
    from trackhelm.client import MlflowClient
    from trackhelm.fluent.runs import active_run

    client = MlflowClient()
    if epoch is not None and global_step is not None:
        raise MlflowException(
            "Only one of 'epoch' and 'global_step' can be set for 'load_checkpoint'.",
            error_code="INVALID_PARAMETER_VALUE",
        )
    if run_id is None:
        active = active_run()
        if active is None:
            raise MlflowException(
                "There is no active run, please provide the 'run_id' argument for 'load_checkpoint' "
                "invocation."
            )
        run_id = active.info.run_id
    path = client.get_run(run_id).data.tags.get(LATEST_TAG)
    if path is None:
        raise MlflowException("There is no logged checkpoint artifact in the current run.")
    name = path.rpartition("/")[2]
    if global_step is not None:
        path = f"{_FOLDER}/global_step_{global_step}/{name}"
    elif epoch is not None:
        path = f"{_FOLDER}/epoch_{epoch}/{name}"
    return client.download_artifacts(run_id, path, dst_path)
