"""What is sent together: the records of several processes, put in order by run. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trackhelm.log.segments import Entry, Rows


@dataclass(slots=True)
class Batch:
    """Records of some writers, as they are sent: runs, params, tags, inputs and outputs, metrics, ends.

    Within a process that is as good as the order in which it logged: a run is made before anything is logged
    to it, and what is logged after its end is of a run that goes on.
    """

    creates: dict[str, dict[str, Any]] = field(default_factory=dict)
    params: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[Entry] = field(default_factory=list)
    """What runs read and made: entries of the kinds `inputs` and `outputs`."""
    rows: dict[bytes, Rows] = field(default_factory=dict)
    """The rows of each shape, by its definition."""
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    conflicts: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Params of one batch to which two processes gave two values: run, key, first and second value."""
    unknown: list[Entry] = field(default_factory=list)
    """Entries of a later version of the client, which this one cannot send."""
    values: int = 0
    """The number of metric values."""

    def add(self, records: Iterable[Rows | Entry]) -> None:
        """Add records, in the order in which they were logged."""
        for record in records:
            if isinstance(record, Rows):
                known = self.rows.get(record.shape.definition)
                if known is None:
                    self.rows[record.shape.definition] = Rows(record.shape, list(record.parts))
                else:
                    known.parts.extend(record.parts)
                self.values += record.number * len(record.shape.key.keys)
            else:
                self._add_entry(record)

    def _add_entry(self, entry: Entry) -> None:
        run = entry.run
        if entry.kind == "params":
            params = self.params.setdefault(run, {})
            for key, value in entry.fields["params"].items():
                known = params.setdefault(key, value)
                if known != value:
                    self.conflicts.append((run, key, known, value))
        elif entry.kind == "tags":
            self.tags.setdefault(run, {}).update(entry.fields["tags"])
        elif entry.kind in {"inputs", "outputs"}:
            self.notes.append(entry)
        elif entry.kind == "create_run":
            self.creates.setdefault(run, dict(entry.fields))
        elif entry.kind == "end_run":
            self.ends[run] = dict(entry.fields)
        else:
            self.unknown.append(entry)

    def __bool__(self) -> bool:
        return bool(
            self.creates
            or self.params
            or self.tags
            or self.notes
            or self.rows
            or self.ends
            or self.conflicts
            or self.unknown
        )
