"""Version 1 as bytes: what is stored in databases must decode for ever, and must not change by accident."""

from __future__ import annotations

import numpy as np
import pytest

from trackhelm_core.chunks import Points, decode, encode

# What zstd writes may differ from one release of it to the next, so this one is only decoded.
COMPRESSED = "compressed decimal columns"

GOLDEN = {
    "none": (Points.empty(), "1000ae001b0b"),
    "rows": (
        Points.of(
            [0, 10, -5],
            [1_760_000_000_000, 1_760_000_000_250, 1_759_999_999_999],
            [0.5, 0.1, float("-inf")],
        ),
        "1003700080599033030000003f1114f4019a9999999999b93f511df501000080ffa9e937f6",
    ),
    "float64 columns": (
        Points.of(range(10), [2**index for index in range(10)], [1 / (3 + index) for index in range(10)]),
        (
            "110a010002000202022001001d1b170f002060e04002aad5aad5aad5aad57fa9d5aad5aad5aa05c4"
            "adb08bec825b0700e57e409e670067fd382d10013f00c0958ed8041af6003402e38241a0630006b5"
            "382d10013f004c7e8ed8041af60063a50302010003000000c058eba5"
        ),
    ),
    "float32 columns": (
        Points.of([7] * 9, range(0, 900, 100), [2.0**-index * (-1) ** index for index in range(20, 29)]),
        (
            "1109000e000100c80100200080808098060400000100010001000100000000000000000000000000"
            "00000000000008cd06cb04c902c700b877b787"
        ),
    ),
    COMPRESSED: (
        Points.of(range(0, 400, 10), range(1000, 41_000, 1000), [(index % 2) / 100 for index in range(40)]),
        "11280100140001d00fd00f0002000201010d202845000010010001007b1c169ba9de0c",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_chunks_decode(name: str) -> None:
    points, expected = GOLDEN[name]
    decoded = decode(bytes.fromhex(expected))
    assert decoded.steps.tolist() == points.steps.tolist()
    assert decoded.timestamps.tolist() == points.timestamps.tolist()
    assert decoded.values.view(np.int64).tolist() == points.values.view(np.int64).tolist()


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != COMPRESSED])
def test_golden_chunks_are_still_written(name: str) -> None:
    points, expected = GOLDEN[name]
    assert encode(points).hex() == expected
