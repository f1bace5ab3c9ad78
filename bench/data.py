"""Generates the runs that both systems hold: the same for the same numbers. Pure functions."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

METRICS: Final = tuple(f"metric_{index:02}" for index in range(20))
PARAMS: Final = tuple(f"param_{index:02}" for index in range(20))
HISTORY: Final = "history"
"""The metric of which one run has many points."""

_TEAMS: Final = ("red", "green", "blue", "violet")
_FIRST_START: Final = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run; each metric has one point, at step 0 and the time of its end."""

    uuid: str
    name: str
    start_time: int
    end_time: int
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment: its id in both systems, and its number of runs."""

    id: int
    runs: int

    @property
    def name(self) -> str:
        """The experiment's name."""
        return f"bench {self.id}"


def runs_of(experiment: Experiment) -> Iterator[Run]:
    """Yield the runs of an experiment."""
    chance = random.Random(experiment.id)
    for index in range(experiment.runs):
        start = _FIRST_START + index * 60_000 + chance.randrange(50_000)
        name = f"{chance.choice(('quiet', 'brave', 'swift'))}-owl-{index}"
        yield Run(
            uuid=f"{chance.getrandbits(128):032x}",
            name=name,
            start_time=start,
            end_time=start + chance.randrange(10_000, 5_000_000),
            metrics={key: chance.random() for key in METRICS},
            params={key: str(chance.randrange(10)) for key in PARAMS},
            tags={
                "mlflow.runName": name,
                "mlflow.user": "ada",
                "mlflow.source.name": "train.py",
                "team": chance.choice(_TEAMS),
                "stage": chance.choice(("draft", "final")),
            },
        )


def artifact_uri(experiment: Experiment, run: Run) -> str:
    """Return where a run's artifacts would be."""
    return f"mlflow-artifacts:/{experiment.id}/{run.uuid}/artifacts"


def history(points: int) -> Iterator[tuple[int, int, float]]:
    """Yield step, timestamp and value of a metric that is logged at every step."""
    chance = random.Random(points)
    value = 2.0
    for step in range(points):
        value = value * 0.9999 + chance.gauss(0, 0.01)
        yield step, _FIRST_START + step * 250, value
