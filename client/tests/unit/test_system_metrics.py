import os
from pathlib import Path

import pytest

import trackhelm as mlflow
from trackhelm import system_metrics
from trackhelm.exceptions import MlflowException
from trackhelm.system_metrics.readings import Readings, _Linux

NAMES = {
    "cpu_utilization_percentage",
    "system_memory_usage_megabytes",
    "system_memory_usage_percentage",
    "disk_usage_percentage",
    "disk_usage_megabytes",
    "disk_available_megabytes",
    "network_receive_megabytes",
    "network_transmit_megabytes",
}


def test_samples_have_mlflows_names_and_possible_values() -> None:
    readings = Readings()
    values = readings.sample()
    assert {name for name in values if not name.startswith("gpu_")} == NAMES
    for name, value in values.items():
        assert value >= 0, name
        if name.endswith("percentage"):
            assert value <= 100, name


def files_of(folder: Path, idle: int, busy: int, received: int, sent: int) -> None:
    (folder / "net").mkdir(exist_ok=True)
    (folder / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1\n")
    (folder / "meminfo").write_text("MemTotal: 1000000 kB\nMemFree: 1 kB\nMemAvailable: 750000 kB\n")
    (folder / "net/dev").write_text(
        "Inter-|   Receive\n face |bytes\n"
        f"    lo: 99999 0 0 0 0 0 0 0 99999 0\n  eth0: {received} 0 0 0 0 0 0 0 {sent} 0 0 0 0 0 0 0\n"
    )


def test_the_files_of_linux_are_read_right(tmp_path: Path) -> None:
    files_of(tmp_path, idle=100, busy=100, received=1_000_000, sent=5_000_000)
    readings = _Linux(tmp_path)
    files_of(tmp_path, idle=130, busy=110, received=3_000_000, sent=5_500_000)
    assert readings.sample() == {
        "cpu_utilization_percentage": 25.0,
        "system_memory_usage_megabytes": 256.0,
        "system_memory_usage_percentage": 25.0,
        "network_receive_megabytes": 2.0,
        "network_transmit_megabytes": 0.5,
    }


@pytest.mark.parametrize("interval", [0, -1])
def test_an_interval_must_be_positive(interval: int) -> None:
    with pytest.raises(MlflowException, match="positive"):
        mlflow.set_system_metrics_sampling_interval(interval)


def test_they_are_on_if_a_call_or_a_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_metrics, "_enabled", None)
    assert not system_metrics.is_enabled()
    monkeypatch.setitem(os.environ, "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    assert system_metrics.is_enabled()
    mlflow.disable_system_metrics_logging()
    assert not system_metrics.is_enabled()
