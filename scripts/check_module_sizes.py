"""Fails when modules grow: none over 500 lines, the median under 100."""

import statistics
import sys
from pathlib import Path

LONGEST = 500
MEDIAN = 100
# Files of a docstring and no more would hide a median that grows.
SHORTEST_COUNTED = 3
ROOTS = ("services", "tests", "scripts", "bench")
GENERATED = ("migrations/versions", "node_modules")


def main() -> int:
    """Print what is wrong and return the exit code."""
    files = [
        path
        for root in ROOTS
        for path in Path(root).rglob("*.py")
        if not any(part in path.as_posix() for part in GENERATED)
    ]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    faults = [f"{path}: {size} lines, at most {LONGEST}" for path, size in sizes.items() if size > LONGEST]
    median = statistics.median(size for size in sizes.values() if size >= SHORTEST_COUNTED)
    if median >= MEDIAN:
        faults.append(f"the median module has {median:g} lines, must be under {MEDIAN}")
    print(
        "\n".join(faults) or f"{len(files)} modules, median {median:g} lines, longest {max(sizes.values())}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
