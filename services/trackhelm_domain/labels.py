"""The canonical text of a label set and its digest, by which all services identify it."""

import hashlib
import json
from collections.abc import Mapping


def canonical(labels: Mapping[str, str]) -> str:
    """Return labels as the JSON text that is stored and hashed."""
    return json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(labels: Mapping[str, str]) -> str:
    """Return the value of `label_set.digest` for labels."""
    return hashlib.sha256(canonical(labels).encode()).hexdigest()
