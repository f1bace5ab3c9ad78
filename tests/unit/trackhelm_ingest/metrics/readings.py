"""The result of reading a body, in a form that can be compared bit by bit."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from trackhelm_core.errors import InvalidParameterError
from trackhelm_ingest.metrics import reading
from trackhelm_ingest.metrics.reading import Batch, decode_batch


def outcome(read: Callable[[], Batch]) -> Any:
    """Return a comparable form of what was read, or of why not. Zeros of both signs and all NaNs differ."""
    try:
        batch = read()
    except InvalidParameterError as error:
        return error.message
    points = {
        series: (part.steps.tobytes(), part.timestamps.tobytes(), part.values.tobytes())
        for series, part in batch.points.items()
    }
    return batch.run, list(points), points, dict(batch.params), dict(batch.tags)


def in_python(body: bytes) -> Batch:
    """Read a log-batch as a server does that has no compiled code."""
    with mock.patch.object(reading, "read_compiled", return_value=None):
        return decode_batch(body)
