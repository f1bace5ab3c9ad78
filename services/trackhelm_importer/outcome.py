"""What an import tells: how far it is, and what became of the entities of each kind. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from trackhelm_importer.records import Kind


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    kind: Kind
    done: int
    total: int
    points: int


Listener = Callable[[Progress], None]


@dataclass(slots=True)
class Tally:
    """What became of the entities of one kind."""

    new: int = 0
    changed: int = 0
    same: int = 0
    kept: list[str] = field(default_factory=list)
    """Those that were left as they are here, each with the reason."""


@dataclass(slots=True)
class Outcome:
    """What an import did, or would do."""

    kinds: dict[Kind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in Kind})
    points: int = 0

    def add(self, other: "Outcome") -> None:
        """Add what another pass did."""
        self.points += other.points
        for kind, tally in other.kinds.items():
            self.kinds[kind].new += tally.new
            self.kinds[kind].changed += tally.changed

    @property
    def writes(self) -> int:
        """How many entities were written."""
        return sum(tally.new + tally.changed for tally in self.kinds.values())
