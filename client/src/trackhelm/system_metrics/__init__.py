"""Metrics of the machine while a run goes on, under MLflow's names, such as `system/disk_usage_percentage`.

They are started by an argument of `start_run`, by `enable_system_metrics_logging`, or by
`MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING`. GPUs need the package nvidia-ml-py.
"""

import os
from typing import TYPE_CHECKING, Final

from trackhelm import environment
from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.system_metrics.monitor import Monitor

__all__ = [
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
]

_LOCAL_RANKS: Final = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID")

_enabled: bool | None = None
_interval_seconds: float | None = None
_samples: int | None = None
_node_id: str | None = None
_monitors: "dict[str, Monitor]" = {}


def enable_system_metrics_logging() -> None:
    """Log system metrics of every run that starts from now on."""
    global _enabled  # noqa: PLW0603 - a setting of the process
    _enabled = True


def disable_system_metrics_logging() -> None:
    """Log system metrics only of runs for which `start_run` is told to."""
    global _enabled  # noqa: PLW0603 - a setting of the process
    _enabled = False


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """Take a sample every so many seconds, instead of 10; None for the default."""
    global _interval_seconds  # noqa: PLW0603 - a setting of the process
    if interval is not None and interval <= 0:
        raise MlflowException.invalid_parameter_value(
            f"The sampling interval must be a positive number of seconds, not {interval!r}"
        )
    _interval_seconds = interval


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Log the mean of so many samples, instead of each; None for the default."""
    global _samples  # noqa: PLW0603 - a setting of the process
    if samples is not None and samples < 1:
        raise MlflowException.invalid_parameter_value(
            f"The number of samples must be a positive whole number, not {samples!r}"
        )
    _samples = samples


def set_system_metrics_node_id(node_id: str | None) -> None:
    """Put a node's name into the names of the metrics: `system/NODE/…`; None for none."""
    global _node_id  # noqa: PLW0603 - a setting of the process
    _node_id = node_id


def is_enabled() -> bool:
    """Return whether runs log system metrics that do not say so themselves."""
    if _enabled is not None:
        return _enabled
    return environment.flag("ENABLE_SYSTEM_METRICS_LOGGING", default=False)


def start_monitor(run_id: str, *, resumed: bool, node: str | None = None) -> None:
    """Begin to log system metrics to a run. Of a resumed run the steps go on after the last one.

    Args:
        run_id: The run.
        resumed: Whether it has metrics already.
        node: The machine's name in a run of many processes, of which the first on each machine logs them.
    """
    from trackhelm.system_metrics.monitor import Monitor

    if node is not None and not _is_first_on_node():
        return
    stop_monitor(run_id)
    interval = _interval_seconds or environment.number("SYSTEM_METRICS_SAMPLING_INTERVAL", 10.0)
    samples = _samples or environment.whole("SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", 1)
    node_id = _node_id or environment.text("SYSTEM_METRICS_NODE_ID") or node
    monitor = Monitor(run_id, interval, samples, node_id)
    _monitors[run_id] = monitor
    monitor.start(resumed=resumed)


def _is_first_on_node() -> bool:
    """Return whether a launcher says that this is the first process on its machine, or says nothing."""
    return all(os.environ.get(name, "0") == "0" for name in _LOCAL_RANKS)


def stop_monitor(run_id: str) -> None:
    """Log what was sampled, and sample no more; nothing if there is no monitor of the run."""
    monitor = _monitors.pop(run_id, None)
    if monitor is not None:
        monitor.stop()
