"""Version 1 as bytes: what is stored in databases must decode for ever, and must not change by accident."""

from __future__ import annotations

import numpy as np
import pytest

from trackhelm_core.chunks.codec import decode, encode
from trackhelm_core.chunks.points import Points

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
    "float64 offsets": (
        Points.of(
            range(1000, 1010), [2**index for index in range(10)], [1 / (3 + index) for index in range(10)]
        ),
        (
            "120a01d00f00010203040506070809020200000100030007000f001f003f007f00ff00ff01085555"
            "55555555d53f000000000000d03f9a9999999999c93f555555555555c53f922449922449c23f0000"
            "00000000c03f1cc7711cc771bc3f9a9999999999b93f46175d74d145b73f555555555555b53fa2e4"
            "c15d"
        ),
    ),
    "float32 offsets": (
        Points.of([7] * 9, [index * 2**40 for index in range(9)], [2.0**-index for index in range(9)]),
        (
            "1209000e080000000000000000000000000000010000000000000002000000000000000300000000"
            "00000004000000000000000500000000000000060000000000000007000000000000000800000400"
            "00803f0000003f0000803e0000003e0000803d0000003d0000803c0000003c0000803b3ba8ac29"
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
    assert encode(points, tight="columns" in name).hex() == expected
