"""Finalizing runs: after a run has ended, its snapshot is made once, and reads use it from then on.

Of one that goes on all but its metrics is made likewise: it is documented.

A write to a finalized run reopens it, and it is finalized again; so does a write other than of metrics to a
documented run. A run that is neither is read from its rows: correct, and slower.
"""

from typing import Final

from sqlalchemy.orm import Session

from trackhelm_domain.runs.messages import run_contents
from trackhelm_domain.runs.reading import run_records
from trackhelm_domain.runs.snapshots import DocumentWriter, pair_digests, without_metrics
from trackhelm_ingest.runs import store
from trackhelm_ingest.runs.store import ENDED

RUNS_AT_ONCE: Final = 50
"""Runs of one transaction, which takes about 30 ms. A write to one of them waits that long."""

FINALIZE_EVERY_SECONDS: Final = 15.0
"""How often runs that have ended, or go on without a document, are looked for."""


def finalize_some(session: Session) -> bool:
    """Finalize runs that have ended, document those that go on, and return whether there may be more."""
    runs = store.lock_runs_to_finalize(session, RUNS_AT_ONCE)
    if runs:
        writer = DocumentWriter()
        finalized: list[store.Finalized] = []
        documented: list[tuple[int, bytes]] = []
        for run, own in zip(runs, run_contents(run_records(session, runs)), strict=True):
            run_id, _, _, experiment_id, _, status, *_ = run
            if status in ENDED:
                pairs = list(pair_digests(experiment_id, own))
                finalized.append(store.Finalized(run_id, writer.write(own), pairs))
            else:
                documented.append((run_id, writer.write(without_metrics(own))))
        if finalized:
            store.finalize(session, finalized)
        if documented:
            store.document(session, documented)
    return len(runs) == RUNS_AT_ONCE


def are_any_to_finalize(session: Session) -> bool:
    """Return whether there are runs to finalize, without a lock."""
    return store.is_any_to_finalize(session)
