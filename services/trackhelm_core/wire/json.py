"""Reading JSON text that strangers wrote: never another exception than `json.JSONDecodeError`."""

import json
from typing import Any

import msgspec


def decode_json(data: bytes | str) -> Any:
    """Return what a JSON text says; raises `json.JSONDecodeError`, which names the place of the fault.

    msgspec reads what is strictly JSON. What it refuses is read again by the standard library, which
    takes the bare `NaN` and `Infinity` that Python scripts write, and explains a fault by its position.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        return json.loads(data)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as fault:
        # Text that is not UTF-8, integers of thousands of digits, brackets nested by the thousand.
        raise json.JSONDecodeError(str(fault), "", 0) from fault
