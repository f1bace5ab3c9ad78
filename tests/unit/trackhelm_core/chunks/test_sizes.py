"""Bytes a point on seeded data shaped like what training logs. Bounds are a few percent above the sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.points import Points

if TYPE_CHECKING:
    from numpy.typing import NDArray

START = 1_760_000_000_000


def series(values: NDArray[np.float64], pace: int = 10) -> Points:
    """Values at regular steps, some 250 ms apart with 15 ms of jitter."""
    rng = np.random.default_rng(1)
    count = len(values)
    intervals = np.rint(rng.normal(250, 15, count)).astype(np.int64)
    return Points.of(pace * np.arange(count), START + np.cumsum(intervals), values)


def noisy_loss(count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(2)
    return 2 * np.exp(-3 * np.linspace(0, 1, count)) + 0.3 + rng.normal(0, 0.05, count)


def constant(count: int) -> NDArray[np.float64]:
    return np.full(count, 0.1)


def cosine_rate(count: int) -> NDArray[np.float64]:
    return 5e-4 * (1 + np.cos(np.linspace(0, np.pi, count)))


def accuracy(count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(3)
    return np.round(0.95 - 0.5 * np.exp(-5 * np.linspace(0, 1, count)) + rng.normal(0, 0.01, count), 4)


def float32_loss(count: int) -> NDArray[np.float64]:
    return noisy_loss(count).astype(np.float32).astype(np.float64)


def normal(count: int) -> NDArray[np.float64]:
    return np.random.default_rng(4).normal(size=count)


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        (noisy_loss(1000), 7.6),
        (noisy_loss(100), 8.5),
        (float32_loss(1000), 3.9),
        (accuracy(1000), 2.3),
        (cosine_rate(1000), 5.6),
        (cosine_rate(20_000), 3.6),
        (normal(1000), 8.4),
        (constant(1000), 0.9),
    ],
    ids=["loss", "short loss", "float32", "accuracy", "rate", "long rate", "normal", "constant"],
)
def test_bytes_a_point(values: NDArray[np.float64], bound: float) -> None:
    assert len(encode(series(values), tight=True)) / len(values) < bound


def test_a_chunk_that_is_made_quickly_is_little_larger() -> None:
    assert len(encode(series(noisy_loss(20)))) / 20 < 12.5
    assert len(encode(series(float32_loss(20)))) / 20 < 8.5


def test_a_regular_series_costs_nothing_for_each_point() -> None:
    column = np.arange(100_000)
    assert len(encode(Points.of(column, START + 1000 * column, column / 10))) < 50


@pytest.mark.parametrize(("value", "bound"), [(0.123456789, 23), (0.5, 19)])
def test_one_point_is_small(value: float, bound: int) -> None:
    assert len(encode(Points.of([1000], [START], [value]))) <= bound


def test_one_point_of_extremes_is_bounded() -> None:
    assert len(encode(Points.of([2**63 - 1], [-(2**63)], [0.1]))) <= 31


def test_noise_costs_little_more_than_its_own_bytes() -> None:
    rng = np.random.default_rng(6)
    bits = rng.integers(0, 2**64, (3, 5000), np.uint64)
    noise = Points(bits[0].view(np.int64), bits[1].view(np.int64), bits[2].view(np.float64))
    assert len(encode(noise)) < 5000 * 24 + 60


def test_one_outlier_does_not_widen_the_column_for_all() -> None:
    timestamps = START + 1000 * np.arange(1000)
    timestamps[500:] += 3 * 24 * 3600 * 1000  # resumed three days later
    assert len(encode(Points.of(np.arange(1000), timestamps, constant(1000)))) < 150
