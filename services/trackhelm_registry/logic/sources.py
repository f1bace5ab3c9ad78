"""Where a new version comes from: what its source may be, and where its files are then found.

What it comes from is kept from being deleted for good until the version is committed.
A source under our own artifact store must belong to the run or logged model that the request names, so that
nobody registers what somebody else logged under a wrong name. Another one is refused only where it says
something else than the request does: what it names may be on another server, or deleted by now.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.limits import FOREIGN_ID_LENGTH, SOURCE_LENGTH
from trackhelm_core.locations import PROXY_SCHEME
from trackhelm_core.validation import check_length
from trackhelm_core.wire.faults import cut
from trackhelm_registry.logic import model_uris
from trackhelm_registry.logic.model_uris import VersionUri
from trackhelm_registry.logic.references import referenced_version
from trackhelm_registry.logic.source_uris import FILE, invalid_source, lies_under, parse_source, scheme_of
from trackhelm_registry.store import lineage as store
from trackhelm_registry.store.lineage import LoggedModelFiles

PROMPT_SOURCES: Final = ("dummy-source", "prompt-template")
"""What clients send as the source of a prompt, which has no files."""

_RUNS: Final = "runs"
"""The scheme of a place below a run's files."""

_OWNED_SCHEMES: Final = frozenset({PROXY_SCHEME, FILE, "http", "https", "ftp", "sftp"})
"""Schemes of what a server's host reaches: such a source must lie under what the named run or model owns."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of a version's origin; None where it says nothing."""

    source: str
    run_id: str | None
    model_id: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """What is stored of it. An id that is not known is empty."""

    source: str
    storage_location: str
    run_id: str
    model_id: str


def resolve_prompt_source(session: Session, claim: Claim) -> Origin:
    """Return the origin of a prompt's version: none."""
    if claim.source not in PROMPT_SOURCES:
        raise InvalidParameterError(
            f"Invalid prompt source: {cut(claim.source)!r}. It must be one of {', '.join(PROMPT_SOURCES)}."
        )
    return Origin(claim.source, claim.source, _checked_id(claim.run_id, "run_id"), "")


def resolve_source(session: Session, claim: Claim) -> Origin:
    """Return the origin of a model's version."""
    check_length(claim.source, "source", SOURCE_LENGTH)
    run_id, model_id = _checked_id(claim.run_id, "run_id"), _checked_id(claim.model_id, "model_id")
    scheme = scheme_of(claim.source)
    if scheme == model_uris.SCHEME:
        return _from_models(session, claim)
    location = parse_source(claim.source)
    if scheme == _RUNS:
        if model_id or location.authority or not run_id or location.segments[0] != run_id:
            raise invalid_source(
                claim.source,
                "The run_id request parameter must name the run of a runs:/ URI, and no model_id.",
            )
        _keep_run(session, run_id)
        return Origin(claim.source, claim.source, run_id, "")
    model = store.logged_model_files(session, model_id) if model_id else None
    if scheme in _OWNED_SCHEMES:
        _check_owned(session, claim.source, run_id=run_id, model_id=model_id, model=model)
    else:
        _keep_run(session, run_id)
    if model_id and model is None:
        raise NotFoundError(f"Logged model with ID '{model_id}' not found.")
    source_run_id = model.source_run_id if model else None
    return Origin(claim.source, claim.source, run_id or source_run_id or "", model_id)


def _from_models(session: Session, claim: Claim) -> Origin:
    match model_uris.parse_model_uri(claim.source):
        case None:
            raise invalid_source(claim.source, f"The forms of a models:/ URI are {model_uris.FORMS}.")
        case model_uris.LoggedModelUri(model_id):
            model = store.logged_model_files(session, model_id) if model_id == claim.model_id else None
            if model is None:
                raise _not_owned(claim.source, "model_id")
            run_id = claim.run_id or model.source_run_id or ""
            return Origin(claim.source, model.artifact_uri, run_id, model_id)
        case reference:
            version = referenced_version(session, claim.source, reference)
            row = version.row
            source = f"models:/{version.model_name}/{row.version}"
            origin = Origin(source, row.storage_location, row.run_id or "", row.model_id or "")
            if claim.run_id not in {None, origin.run_id} or claim.model_id not in {None, origin.model_id}:
                raise invalid_source(
                    claim.source,
                    "The run_id and model_id request parameters must match those of that version: "
                    f"{origin.run_id or 'no run'} and {origin.model_id or 'no logged model'}.",
                )
            _check_kept(session, claim.source, origin, VersionUri(version.model_name, str(row.version)))
            return origin


def _check_kept(session: Session, source: str, origin: Origin, version: VersionUri) -> None:
    """Keep what a version comes from until the transaction ends, as that version did until now."""
    has_run = not origin.run_id or store.run_artifact_uri(session, origin.run_id) is not None
    has_model = not origin.model_id or store.keep_logged_model(session, origin.model_id)
    if not (has_run and has_model):
        # If that version was deleted meanwhile, it kept the files for nobody.
        referenced_version(session, source, version)


def _keep_run(session: Session, run_id: str) -> None:
    """Keep a run from being deleted for good, if it is there; one that is not, or no more, may be named too.

    Its files may be elsewhere, and of those that wait for their deletion the deletion keeps what is in use.
    """
    if run_id:
        store.run_artifact_uri(session, run_id)


def _check_owned(
    session: Session, source: str, *, run_id: str, model_id: str, model: LoggedModelFiles | None
) -> None:
    if model_id:
        root = model.artifact_uri if model else None
    else:
        root = store.run_artifact_uri(session, run_id) if run_id else None
    if root is None or not lies_under(source, root):
        raise _not_owned(source, "model_id" if model_id else "run_id")


def _not_owned(source: str, parameter: str) -> InvalidParameterError:
    owner = "run" if parameter == "run_id" else "logged model"
    return invalid_source(
        source, f"The {parameter} request parameter must name an existing {owner}, and one that contains it."
    )


def _checked_id(value: str | None, parameter: str) -> str:
    return check_length(value or "", parameter, FOREIGN_ID_LENGTH)
