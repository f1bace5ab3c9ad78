"""What the machine says of itself: processor, memory, disk, network, GPUs.

On Linux the files of `/proc` are read, elsewhere psutil if it is installed. Megabytes are of 1,000,000 bytes.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_MEGABYTE: Final = 1_000_000
_KIBIBYTE: Final = 1024
_PROC: Final = Path("/proc")


class Readings:
    """Samples of the machine. Rates are since the sample before, traffic since the first one."""

    def __init__(self) -> None:
        self._system: _Linux | _Psutil | None = _system()
        self._gpus = _gpus()

    def sample(self) -> dict[str, float]:
        """Return a value of each metric, by MLflow's name without `system/`."""
        values = {} if self._system is None else self._system.sample()
        disk = shutil.disk_usage(os.sep)
        values["disk_usage_percentage"] = 100 * disk.used / (disk.used + disk.free)
        values["disk_usage_megabytes"] = disk.used / _MEGABYTE
        values["disk_available_megabytes"] = disk.free / _MEGABYTE
        if self._gpus is not None:
            values |= self._gpus.sample()
        return values


def _system() -> "_Linux | _Psutil | None":
    if (_PROC / "stat").exists():
        return _Linux(_PROC)
    try:
        import psutil
    except ModuleNotFoundError:
        return None
    return _Psutil(psutil)


class _Linux:
    """Readings of the files in `/proc`."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self._times = self._processor_times()
        self._received, self._transmitted = self._traffic()

    def sample(self) -> dict[str, float]:
        before, self._times = self._times, self._processor_times()
        idle, total = (now - then for now, then in zip(self._times, before, strict=True))
        memory = self._memory()
        used = memory["MemTotal"] - memory["MemAvailable"]
        received, transmitted = self._traffic()
        return {
            "cpu_utilization_percentage": 100 * (total - idle) / total if total else 0.0,
            "system_memory_usage_megabytes": used / _MEGABYTE,
            "system_memory_usage_percentage": 100 * used / memory["MemTotal"],
            "network_receive_megabytes": (received - self._received) / _MEGABYTE,
            "network_transmit_megabytes": (transmitted - self._transmitted) / _MEGABYTE,
        }

    def _processor_times(self) -> tuple[int, int]:
        """Return the ticks in which the processors were idle, and all."""
        with (self._proc / "stat").open() as file:
            ticks = [int(text) for text in file.readline().split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)

    def _memory(self) -> dict[str, int]:
        with (self._proc / "meminfo").open() as file:
            lines = [line.split() for line in file]
        return {words[0].rstrip(":"): int(words[1]) * _KIBIBYTE for words in lines if len(words) > 1}

    def _traffic(self) -> tuple[int, int]:
        """Return the bytes that were received and sent by all devices but the loopback."""
        received = transmitted = 0
        with (self._proc / "net/dev").open() as file:
            for line in file:
                device, colon, numbers = line.partition(":")
                if colon and device.strip() != "lo":
                    fields = numbers.split()
                    received += int(fields[0])
                    transmitted += int(fields[8])
        return received, transmitted


class _Psutil:
    """Readings of psutil."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        psutil.cpu_percent()
        self._traffic = psutil.net_io_counters()

    def sample(self) -> dict[str, float]:
        memory, traffic = self._psutil.virtual_memory(), self._psutil.net_io_counters()
        return {
            "cpu_utilization_percentage": self._psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / _MEGABYTE,
            "system_memory_usage_percentage": memory.percent,
            "network_receive_megabytes": (traffic.bytes_recv - self._traffic.bytes_recv) / _MEGABYTE,
            "network_transmit_megabytes": (traffic.bytes_sent - self._traffic.bytes_sent) / _MEGABYTE,
        }


def _gpus() -> "_Gpus | None":
    try:
        import pynvml
    except ModuleNotFoundError:
        return None
    try:
        pynvml.nvmlInit()
        return _Gpus(pynvml)
    except pynvml.NVMLError:
        return None


class _Gpus:
    """Readings of NVIDIA's library."""

    def __init__(self, pynvml: Any) -> None:
        self._pynvml = pynvml
        self._handles = [
            pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())
        ]

    def sample(self) -> dict[str, float]:
        values: dict[str, float] = {}
        nvml = self._pynvml
        for number, handle in enumerate(self._handles):
            # What one kind of GPU does not tell must not hide what it does.
            with suppress(nvml.NVMLError):
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                values[f"gpu_{number}_memory_usage_megabytes"] = memory.used / _MEGABYTE
                values[f"gpu_{number}_memory_usage_percentage"] = 100 * memory.used / memory.total
            with suppress(nvml.NVMLError):
                values[f"gpu_{number}_utilization_percentage"] = float(
                    nvml.nvmlDeviceGetUtilizationRates(handle).gpu
                )
            with suppress(nvml.NVMLError):
                watts = nvml.nvmlDeviceGetPowerUsage(handle) / 1000
                values[f"gpu_{number}_power_usage_watts"] = watts
                most = nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000
                values[f"gpu_{number}_power_usage_percentage"] = 100 * watts / most
        return values
