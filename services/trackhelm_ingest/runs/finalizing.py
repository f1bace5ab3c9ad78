"""Finalizing runs: what is shown of one that has ended is made once, and read as it is from then on.

A write to a finalized run reopens it, and it is finalized again. A run that is not finalized is read from its
rows: correct, and slower.
"""

from typing import Final

from sqlalchemy.orm import Session

from trackhelm_domain.runs.messages import run_contents
from trackhelm_domain.runs.reading import run_records
from trackhelm_domain.runs.snapshots import DocumentWriter, pair_digests
from trackhelm_ingest.runs import store

RUNS_AT_ONCE: Final = 50
"""Runs of a transaction: some 30 ms, for which whoever logs to one of them waits."""

FINALIZE_EVERY_SECONDS: Final = 15.0
"""How often runs that have ended are looked for."""


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
