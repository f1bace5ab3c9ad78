"""Choosing points of a history to draw. Pure arithmetic over positions, the same as stock MLflow's."""

import numpy as np
from numpy.typing import NDArray


def sample_positions(count: int, limit: int) -> NDArray[np.int64]:
    """Return up to `limit` of `count` positions, evenly spread, always with the last and (above 1) the first.

    The positions are cut into `limit` runs whose lengths differ by at most one, the longer ones first;
    each gives its first position, and the last of all takes the place of the last one given.
    """
    if count <= limit:
        return np.arange(count)
    length, longer = divmod(count, limit)
    bucket = np.arange(limit)
    positions = bucket * length + np.minimum(bucket, longer)
    positions[-1] = count - 1
    return positions
