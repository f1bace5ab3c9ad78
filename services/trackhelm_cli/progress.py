"""What a long command says on standard error: in place on a terminal, else a line now and then."""

import sys
import time
from typing import Final

import typer

from trackhelm_importer.copying import Copied
from trackhelm_importer.outcome import Progress

_LINE_SECONDS: Final = 10.0
"""How often a line is printed where there is no terminal that shows it in place."""


class ProgressLine:
    """What is said while it goes on: in place on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._kind: str = ""
        self._began = time.monotonic()
        self._said = 0.0

    def show(self, progress: Progress) -> None:
        """Say how far an import or a comparison is."""
        if progress.kind != self._kind:
            self._kind, self._began = progress.kind, time.monotonic()
        seconds = time.monotonic() - self._began
        left = seconds / progress.done * (progress.total - progress.done)
        share = 100 * progress.done / progress.total
        rate = f", {progress.points / seconds:,.0f} points/s" if progress.points and seconds > 1 else ""
        name = progress.kind.replace("_", " ")
        self.show_text(
            f"{name}s: {progress.done:,} of {progress.total:,} ({share:.0f} %){rate}, {duration(left)} left"
        )

    def show_copied(self, copied: Copied) -> None:
        """Say how many files were copied."""
        self.show_text(f"files: {copied.files:,} copied, {copied.bytes / 1e6:,.1f} MB")

    def show_runs(self, done: int, total: int) -> None:
        """Say how many runs were written."""
        self.show_text(f"runs: {done:,} of {total:,}")

    def show_text(self, text: str) -> None:
        """Say something that the next line may replace."""
        now = time.monotonic()
        if self._on_terminal:
            typer.echo(f"\r\x1b[K{text}", nl=False, err=True)
        elif now - self._said >= _LINE_SECONDS:
            typer.echo(text, err=True)
            self._said = now

    def clear(self) -> None:
        """Make room for what stays."""
        if self._on_terminal:
            typer.echo("\r\x1b[K", nl=False, err=True)


def duration(seconds: float) -> str:
    """Return a time for people."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004
