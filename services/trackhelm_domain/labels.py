"""The one text of a set of labels, and its digest: how services name the same label set."""

import hashlib
import json
from collections.abc import Mapping


def canonical(labels: Mapping[str, str]) -> str:
    """Return labels as the JSON text that is stored and hashed."""
    return json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(labels: Mapping[str, str]) -> str:
    """Return what `label_set.digest` holds for labels."""
    return hashlib.sha256(canonical(labels).encode()).hexdigest()
