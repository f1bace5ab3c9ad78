"""Rules about the source of a new version: which sources are allowed, and where the version's files are."""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy.orm import Session

from trackhelm_core.access import Level, current_access
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.limits import FOREIGN_ID_LENGTH, SOURCE_LENGTH
from trackhelm_core.validation import check_length
from trackhelm_core.wire.arguments import quoted
from trackhelm_domain.access.checks import permits_experiment
from trackhelm_domain.claims import others_claim, unreadable_owner
from trackhelm_domain.locations import PROXY_SCHEME, Places
from trackhelm_registry.model_versions import store
from trackhelm_registry.model_versions.store import LoggedModelFiles
from trackhelm_registry.registered_models.logic import (
    latest_versions,
    model_details,
    version_by_alias,
    version_details,
)
from trackhelm_registry.registered_models.names import LATEST, is_prompt
from trackhelm_registry.registered_models.store import VersionDetails

# The forms of a `models:/` URI. Pure functions without look-ups.

SCHEME: Final = "models"
FORMS: Final = (
    "models:/<model id>, models:/<name>/<version>, models:/<name>/<stage>, models:/<name>/latest "
    "and models:/<name>@<alias>"
)


@dataclass(frozen=True, slots=True)
class LoggedModelUri:
    """`models:/m-…`: a logged model."""

    model_id: str


@dataclass(frozen=True, slots=True)
class VersionUri:
    """`models:/name/3`: a version of a registered model."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class StageUri:
    """`models:/name/Production` or `models:/name/latest` (no stage): the newest version of these."""

    name: str
    stage: str | None


@dataclass(frozen=True, slots=True)
class AliasUri:
    """`models:/name@alias`: the version to which an alias points."""

    name: str
    alias: str


ModelUri: TypeAlias = LoggedModelUri | VersionUri | StageUri | AliasUri


def parse_model_uri(uri: str) -> ModelUri | None:
    """Return what a URI of the scheme `models` names; None if it has none of these forms."""
    _, _, path = uri.partition(":")
    # Two slashes would name the registry of another server.
    if not path.startswith("/") or path.startswith("//"):
        return None
    name, slash, suffix = path[1:].partition("/")
    if slash:
        if not name.strip() or not suffix.strip() or "/" in suffix:
            return None
        if suffix.isascii() and suffix.isdigit():
            return VersionUri(name, suffix)
        return StageUri(name, None if suffix.lower() == LATEST else suffix)
    name, at, alias = path[1:].rpartition("@")
    if at:
        return AliasUri(name, alias) if name.strip() and alias.strip() else None
    return LoggedModelUri(alias) if alias.strip() else None


# Source URIs as paths: whether one is safe, and whether it lies below another. Pure functions.
#
# Clients load, that is execute, the files of a source. So the check must read a source as every client does:
# percent-encoding is decoded until nothing changes, and forms that tools interpret differently are refused.

FILE: Final = "file"
_DECODING_ROUNDS: Final = 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Location:
    """The place that a URI names; its path is compared decoded, segment by segment."""

    scheme: str
    authority: str
    segments: tuple[str, ...]


def invalid_source(source: str, reason: str) -> InvalidParameterError:
    """Return the error for a source that is not allowed."""
    return InvalidParameterError(f"Invalid model version source: {quoted(source)}. {reason}")


def scheme_of(source: str) -> str:
    """Return the scheme of a source; that of a path without one is `file`."""
    return _split(source).scheme or FILE


def parse_source(source: str) -> Location:
    """Return the place that a source names; refuses one that is not absolute or not in canonical form."""
    parts = _split(source)
    decoded = _decoded(source)
    if source != source.strip() or _CONTROL.search(decoded):
        raise invalid_source(source, "It must have no control character and no space at either end.")
    if {".", ".."} & set(decoded.split("/")):
        raise invalid_source(source, "It must have no '.' and no '..' segment, percent-encoded or not.")
    location = _location(parts)
    if not parts.path.startswith("/") or not location.segments:
        raise invalid_source(source, "It must have an absolute path, as in 's3://bucket/model'.")
    return location


def lies_under(source: str, root: str) -> bool:
    """Return whether a source is the root or lies below it."""
    parts = _split(source)
    if parts.query or parts.fragment:
        return False
    place, above = _location(parts), _location(_split(root))
    depth = len(above.segments)
    return (
        (place.scheme, place.authority) == (above.scheme, above.authority)
        and depth > 0
        and place.segments[:depth] == above.segments
    )


def _split(source: str) -> SplitResult:
    try:
        return urlsplit(source)
    except ValueError as error:
        raise invalid_source(source, f"It is not a URI: {error}.") from error


def _decoded(text: str) -> str:
    for _ in range(_DECODING_ROUNDS):
        decoded = unquote(text)
        if decoded == text:
            return text
        text = decoded
    raise invalid_source(text, f"It is percent-encoded more than {_DECODING_ROUNDS} times.")


def _location(parts: SplitResult) -> Location:
    scheme = parts.scheme or FILE
    authority = parts.netloc.lower()
    if scheme == FILE and authority == "localhost":
        authority = ""
    segments = tuple(_decoded(segment) for segment in parts.path.split("/") if segment)
    return Location(scheme, authority, segments)


def referenced_version(
    session: Session, source: str, reference: VersionUri | StageUri | AliasUri
) -> VersionDetails:
    """Return the version to which a source refers now; a version of a prompt is refused."""
    if is_prompt(dict(model_details(session, reference.name, Level.READ).tags)):
        raise invalid_source(source, "A version of a prompt cannot be the source of a model version.")
    match reference:
        case VersionUri(name, version):
            return version_details(session, name, version, Level.READ)
        case AliasUri(name, alias):
            return version_by_alias(session, name, alias, Level.READ)
        case StageUri(name, stage):
            versions = latest_versions(session, name, [] if stage is None else [stage], Level.READ)
            if not versions:
                where = "has no version" if stage is None else f"has no version in stage '{stage}'"
                raise invalid_source(source, f"The registered model '{name}' {where}.")
            return versions[-1]


# The origin of a new version: its run, its logged model, and where its files are.
#
# The origin is locked against deletion for good until the version is committed. A source in the server's own
# artifact store must belong to the run or logged model that the request names, so that nobody registers
# another user's files under a wrong origin. Any other source is refused only if it contradicts the request:
# the run or model that it names may be on another server, or be deleted by now.

PROMPT_SOURCES: Final = ("dummy-source", "prompt-template")
"""The source that clients send for a prompt, which has no files."""

_RUNS: Final = "runs"
"""The scheme of URIs below a run's files."""

_OWNED_SCHEMES: Final = frozenset({PROXY_SCHEME, FILE, "http", "https", "ftp", "sftp"})
"""Schemes that a server's host can reach: such a source must lie below the named run's or model's files."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The origin that a request names; None for what it leaves out."""

    source: str
    run_id: str | None
    model_id: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin that is stored. An unknown id is empty."""

    source: str
    storage_location: str
    run_id: str
    model_id: str


def resolve_prompt_source(_session: Session, _places: Places, claim: Claim) -> Origin:
    """Return the origin of a prompt's version, which is empty."""
    if claim.source not in PROMPT_SOURCES:
        raise InvalidParameterError(
            f"Invalid prompt source: {quoted(claim.source)}. It must be one of {', '.join(PROMPT_SOURCES)}."
        )
    return Origin(claim.source, claim.source, _checked_id(claim.run_id, "run_id"), "")


def resolve_source(session: Session, places: Places, claim: Claim) -> Origin:
    """Return the origin of a model's version."""
    check_length(claim.source, "source", SOURCE_LENGTH)
    run_id, model_id = _checked_id(claim.run_id, "run_id"), _checked_id(claim.model_id, "model_id")
    scheme = scheme_of(claim.source)
    if scheme == SCHEME:
        return _from_models(session, claim)
    location = parse_source(claim.source)
    if scheme == _RUNS:
        if model_id or location.authority or not run_id or location.segments[0] != run_id:
            raise invalid_source(
                claim.source,
                "The run_id request parameter must name the run of a runs:/ URI, and no model_id.",
            )
        if not _keep_run(session, run_id) and current_access().is_confined:
            # Its files would be served to who may read the model.
            raise _not_owned(claim.source, "run_id")
        return Origin(claim.source, claim.source, run_id, "")
    model = store.logged_model_files(session, model_id) if model_id else None
    # The server's own store has the URL of its bucket, too, and clients may know that.
    by_url = scheme not in _OWNED_SCHEMES and places.is_own(claim.source)
    if by_url or scheme in _OWNED_SCHEMES:
        root = _root_of(session, run_id, model_id, model)
        if root is None or not (places.holds if by_url else _holds)(root, claim.source):
            raise _not_below(claim.source, "model_id" if model_id else "run_id")
    else:
        _check_elsewhere(session, places, claim.source)
        _keep_run(session, run_id)
    if model_id and model is None:
        raise NotFoundError(f"Logged model with ID '{model_id}' not found.")
    source_run_id = model.source_run_id if model else None
    return Origin(claim.source, claim.source, run_id or source_run_id or "", model_id)


def _from_models(session: Session, claim: Claim) -> Origin:
    match parse_model_uri(claim.source):
        case None:
            raise invalid_source(claim.source, f"The forms of a models:/ URI are {FORMS}.")
        case LoggedModelUri(model_id):
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
    """Lock the origin of a version against deletion for good, as the source version did until now."""
    has_run = not origin.run_id or store.run_artifact_uri(session, origin.run_id) is not None
    has_model = not origin.model_id or store.keep_logged_model(session, origin.model_id)
    if not (has_run and has_model):
        # If that version was deleted meanwhile, nothing has kept the files since.
        referenced_version(session, source, version)


def _check_elsewhere(session: Session, places: Places, source: str) -> None:
    """Refuse a source outside of the store that is, holds or lies in what its maker may not read."""
    experiment = store.experiment_at(session, places.keys(source))
    if experiment is not None and not permits_experiment(session, experiment, Level.READ):
        raise invalid_source(source, "It is in the files of an experiment that you may not read.")
    refusal = others_claim(session, places, source) or unreadable_owner(session, places, source)
    if refusal:
        raise invalid_source(source, f"{refusal[0].upper()}{refusal[1:]}.")


def _keep_run(session: Session, run_id: str) -> bool:
    """Lock a run against deletion for good, and return whether it exists; that it does not is no error.

    Its files may be elsewhere, and deletion for good keeps files that are in use.
    """
    return bool(run_id) and store.run_artifact_uri(session, run_id) is not None


def _holds(root: str, source: str) -> bool:
    return lies_under(source, root)


def _root_of(session: Session, run_id: str, model_id: str, model: LoggedModelFiles | None) -> str | None:
    """Return where the files of the named logged model, or else run, are; None if it does not exist."""
    if model_id:
        return model.artifact_uri if model else None
    return store.run_artifact_uri(session, run_id) if run_id else None


def _not_below(source: str, parameter: str) -> InvalidParameterError:
    location = parse_source(source)
    if location.authority and location.scheme in _OWNED_SCHEMES - {FILE}:
        return InvalidParameterError(
            f"'source' cannot use the '{location.scheme}' scheme: it names a host, and the source "
            f"{quoted(source)} is not below the files of the run or logged model of the request."
        )
    return _not_owned(source, parameter)


def _not_owned(source: str, parameter: str) -> InvalidParameterError:
    owner = "run" if parameter == "run_id" else "logged model"
    return invalid_source(
        source, f"The {parameter} request parameter must name an existing {owner}, and one that contains it."
    )


def _checked_id(value: str | None, parameter: str) -> str:
    return check_length(value or "", parameter, FOREIGN_ID_LENGTH)
