"""The stages of a version."""

from typing import Final

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.arguments import cut
from trackhelm_domain.tables.registry import Stage

ACTIVE: Final = (Stage.STAGING, Stage.PRODUCTION)
"""The stages whose versions are in use: a transition to one of them may archive the other versions."""

_BY_SPELLING: Final = {stage.lower(): stage for stage in Stage}


def parse_stage(text: str) -> Stage:
    """Return the stage that a text names."""
    stage = _BY_SPELLING.get(text.lower())
    if stage is None:
        raise InvalidParameterError(
            f"Invalid Model Version stage: {cut(text)}. Value must be one of {', '.join(Stage)}."
        )
    return stage


def check_archives(stage: Stage) -> None:
    """Refuse to archive the other versions of a stage that is not active."""
    if stage not in ACTIVE:
        raise InvalidParameterError(
            f"Model version transition cannot archive existing model versions because '{stage}' is not an "
            f"Active stage: 'archive_existing_versions' is for {' and '.join(ACTIVE)} only."
        )
