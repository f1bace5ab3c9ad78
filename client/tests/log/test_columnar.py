"""The columnar body: examples that the server reads alike, and how rows are divided into requests."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from trackhelm.log.columnar import bodies, encode
from trackhelm.log.segments import Rows, ShapeKey, define, numbers_of, read_shape

PAYLOADS = Path(__file__).parents[3] / "tests" / "contract" / "payloads" / "metrics-v1.json"
CASES = json.loads(PAYLOADS.read_text(encoding="utf-8"))["read"]


def rows_of(said: dict[str, Any]) -> Rows:
    labels = tuple((name, value) for name, value in said["labels"])
    shape = read_shape(define(ShapeKey(said["run"], tuple(said["keys"]), labels)))
    pack = struct.Struct(f"<qQ{len(said['keys'])}d").pack
    values = zip(*said["values"], strict=True)
    points = zip(said["steps"], said["timestamps"], values, strict=True)
    return Rows(shape, [pack(step, at, *map(float, found)) for step, at, found in points])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_examples_are_what_is_sent(case: dict[str, Any]) -> None:
    body = encode(case["writer"], case["sequence"], [rows_of(said) for said in case["blocks"]])
    assert body.hex() == case["body"]


def test_what_is_compressed_is_the_blocks() -> None:
    [case] = [case for case in CASES if case["name"] == "one point"]
    rows = [rows_of(said) for said in case["blocks"]]
    plain = bytes.fromhex(case["body"])
    begin = 20 + len(case["writer"])
    body = encode(case["writer"], case["sequence"], rows, lambda data: b"<" + data + b">")
    assert body == plain[:5] + b"\x01" + plain[6:begin] + b"<" + plain[begin:] + b">"


def test_rows_are_divided_into_requests_of_about_a_size() -> None:
    pack = struct.Struct("<qQd").pack
    shapes = [read_shape(define(ShapeKey("r" * 32, (key,)))) for key in ("a", "b", "c")]
    rows = [Rows(shape, [pack(step, 0, 0.5) for step in range(1_000)]) for shape in shapes]
    found = list(bodies(rows, 10_000))
    assert max(sum(one.number for one in body) for body in found) <= 10_000 // 24 + 1
    for shape in shapes:
        parts = [one for body in found for one in body if one.shape is shape]
        assert [step for one in parts for step, _, _ in numbers_of(one)] == list(range(1_000))
