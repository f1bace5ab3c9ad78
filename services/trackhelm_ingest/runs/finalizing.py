"""Finalizing runs: after a run has ended, its snapshot is made once, and reads use it from then on.

A write to a finalized run reopens it, and it is finalized again later. A run that is not finalized is read
from its rows, which gives the same result but is slower.
"""

from typing import Final

from sqlalchemy.orm import Session

from trackhelm_domain.runs.messages import run_contents
from trackhelm_domain.runs.reading import run_records
from trackhelm_domain.runs.snapshots import DocumentWriter, pair_digests
from trackhelm_ingest.runs import store

RUNS_AT_ONCE: Final = 50
"""Runs of one transaction, which takes about 30 ms. A write to one of them waits that long."""

FINALIZE_EVERY_SECONDS: Final = 15.0
"""How often to look for runs that have ended."""


def finalize_some(session: Session) -> bool:
    """Finalize runs that have ended, and return whether there may be more."""
    runs = store.lock_runs_to_finalize(session, RUNS_AT_ONCE)
    if runs:
        writer = DocumentWriter()
        contents = run_contents(run_records(session, runs))
        store.finalize(
            session,
            [
                store.Finalized(run_id, writer.write(own), list(pair_digests(experiment_id, own)))
                for (run_id, _, _, experiment_id, *_), own in zip(runs, contents, strict=True)
            ],
        )
    return len(runs) == RUNS_AT_ONCE


def are_any_to_finalize(session: Session) -> bool:
    """Return whether there are runs to finalize, without a lock."""
    return store.is_any_to_finalize(session)
