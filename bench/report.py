"""The table of results in Markdown, and the description of the machine."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Result, Times

_HEAD = (
    (
        "| request | stock, ms | Trackhelm, ms | times faster | by means | aim | limit, ms "
        "| first of a turn: stock, ms | Trackhelm, ms | times faster |"
    ),
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)


def table(results: Sequence[Result]) -> str:
    """Return the results as a Markdown table; a ratio below its aim is marked."""
    return "\n".join([*_HEAD, *map(_row, results)])


def machine() -> str:
    """Return a description of the machine that was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, Python {platform.python_version()}"


def _row(result: Result) -> str:
    ratio = f"{result.ratio:.1f}" + ("" if result.ratio >= result.case.bar else " (below)")
    cells = (
        result.case.name,
        cell(result.stock),
        cell(result.trackhelm),
        ratio,
        f"{result.mean_ratio:.1f}",
        str(result.case.bar),
        f"{result.limit.median:.2f}",
        _rounded(result.stock.first_ones.median),
        _rounded(result.trackhelm.first_ones.median),
        f"{result.first_ratio:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def cell(times: Times) -> str:
    """Return the median and the 95th percentile of times."""
    digits = _digits(times.median)
    return f"{times.median:,.{digits}f} / {times.p95:,.{digits}f}"


def _rounded(milliseconds: float) -> str:
    return f"{milliseconds:,.{_digits(milliseconds)}f}"


def _digits(milliseconds: float) -> int:
    # Three significant digits are enough.
    return max(0, 3 - len(str(int(milliseconds))))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
