"""Rules of the labels that a caller gives a metric point: rank, node, whatever tells series apart."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from trackhelm_core.limits import LABEL_NAME_LENGTH, LABEL_VALUE_LENGTH, LABELS

RESERVED: Final = frozenset({"model_id", "dataset_name", "dataset_digest"})
"""Labels that MLflow 3's own fields of a metric make."""

_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_.\-]{{0,{LABEL_NAME_LENGTH - 1}}}")
# Control characters, and halves of surrogate pairs, which have no UTF-8 form.
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def labels_fault(labels: Mapping[str, str]) -> str | None:
    """Say what is wrong with labels, or None."""
    if len(labels) > LABELS:
        return f"a point has at most {LABELS} labels, not {len(labels)}"
    return _fault(tuple(labels.items()))


@lru_cache(maxsize=4_096)
def _fault(labels: tuple[tuple[str, str], ...]) -> str | None:
    # Cached: every point of a rank has the labels of the one before.
    for name, value in labels:
        if not _NAME.fullmatch(name):
            return (
                f"a label's name is a letter or '_', then letters, digits, '_', '.' or '-', in all at most "
                f"{LABEL_NAME_LENGTH} characters of ASCII"
            )
        if name in RESERVED:
            return f"'{name}' is a field of the metric itself, beside 'labels'"
        if not 1 <= len(value) <= LABEL_VALUE_LENGTH:
            return f"the value of '{name}' has {len(value)} characters, must have 1 to {LABEL_VALUE_LENGTH}"
        if _UNFIT.search(value):
            return f"the value of '{name}' holds a control character or half of a surrogate pair"
    return None
