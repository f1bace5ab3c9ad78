"""What the pages of both systems show in `make bench-ui`: runs with values, curves, and many metrics."""

import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.data import METRICS, Experiment, Run, runs_of
from bench.sqlite_tables import Content, load_stock, load_trackhelm
from trackhelm_core.chunks.points import Points

SPIKE: Final = 60.0
"""All other values of a curve are at most 1.01."""

_SPIKE_RUN: Final = 7
"""Counted from the newest, so that its curve is among the ten that both show at first."""

_SPIKE_PLACE: Final = 0.617
_STEP_MS: Final = 250
_RARE: Final = tuple(f"rare_{index:03}" for index in range(280))
_RARE_OF_A_RUN: Final = 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much data there is."""

    runs: int = 2_000
    more_runs: int = 5_000
    curves: int = 50
    steps: int = 2_000
    many_runs: int = 25_000


@dataclass(frozen=True, slots=True)
class Filled:
    """The experiments."""

    sizes: Sizes

    @property
    def few(self) -> Experiment:
        """Runs with a value of each of 20 metrics, and 20 params."""
        return Experiment(1_201, self.sizes.runs)

    @property
    def more(self) -> Experiment:
        """The same, with more runs."""
        return Experiment(1_202, self.sizes.more_runs)

    @property
    def curves(self) -> Experiment:
        """Runs with a curve of each of 20 metrics, one of which has a spike of one step."""
        return Experiment(1_203, self.sizes.curves)

    @property
    def many(self) -> Experiment:
        """Runs of 300 metrics in all: 20 that each has, and 10 of 280 others. In Trackhelm alone."""
        return Experiment(1_204, self.sizes.many_runs)

    @property
    def many_metrics(self) -> list[str]:
        """The metrics of those."""
        return [*METRICS, *_RARE]

    @property
    def spike(self) -> tuple[Run, str]:
        """The run and the metric with the spike."""
        return list(runs_of(self.curves))[-1 - min(_SPIKE_RUN, self.sizes.curves - 1)], METRICS[3]

    def points_of_curves(self) -> Callable[[Run], dict[str, Points]]:
        """Return what gives the curves of a run."""
        spiky, spiky_metric = self.spike
        steps = np.arange(self.sizes.steps)

        def points(run: Run) -> dict[str, Points]:
            chance = np.random.default_rng(int(run.uuid, 16))
            curves = {}
            for metric in METRICS:
                decay = np.exp(-steps * chance.uniform(1, 8) / len(steps))
                values = decay + chance.uniform(-0.01, 0.01, len(steps))
                if (run.uuid, metric) == (spiky.uuid, spiky_metric):
                    values[int(len(steps) * _SPIKE_PLACE)] = SPIKE
                curves[metric] = Points.of(steps, run.start_time + steps * _STEP_MS, values)
            return curves

        return points

    def fill(self, stock: Path, trackhelm: str, say: Callable[[str], None]) -> None:
        """Load both databases, each of which its server has made."""
        for content in (
            Content(self.few, _last_values),
            Content(self.more, _last_values),
            Content(self.curves, self.points_of_curves()),
        ):
            say(f"loading {content.experiment.runs:,} runs into both")
            load_stock(stock, content)
            load_trackhelm(trackhelm, content)
        say(f"loading {self.many.runs:,} runs of {len(self.many_metrics)} metrics into Trackhelm")
        load_trackhelm(trackhelm, Content(self.many, _rare_values))

    def is_in(self, folder: Path) -> bool:
        """Tell whether a folder has these data from a run before."""
        note = folder / "filled.json"
        return note.exists() and json.loads(note.read_text(encoding="utf-8")) == asdict(self.sizes)

    def note_in(self, folder: Path) -> None:
        """Note that a folder has these data."""
        (folder / "filled.json").write_text(json.dumps(asdict(self.sizes)), encoding="utf-8")


def _last_values(run: Run) -> dict[str, Points]:
    return {key: Points.of([0], [run.end_time], [value]) for key, value in run.metrics.items()}


def _rare_values(run: Run) -> dict[str, Points]:
    chance = random.Random(run.uuid)
    rare = {
        key: Points.of([0], [run.end_time], [chance.random()]) for key in chance.sample(_RARE, _RARE_OF_A_RUN)
    }
    return _last_values(run) | rare
