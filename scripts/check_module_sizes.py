"""Fails if a module has more than 500 lines, and prints crumbs: modules that might be merged with another.

A crumb is a module of under 60 lines that one other module imports. It is a place to look at and not an
error: a noun's folder has its `routes`, `schemas`, `logic` and `store` in any size, and a layer may forbid a
merge.
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path

LONGEST = 500
CRUMB = 60
ROOTS = ("services", "client", "tests", "scripts", "bench")
# Where packages lie that are looked through for crumbs.
PACKAGES = (Path("services"), Path("client/src"))
GENERATED = ("migrations/versions", "node_modules")
# The modules that every noun has.
PARTS = {"routes", "schemas", "logic", "store", "tasks", "service"}


def main() -> int:
    """Print the modules that are too long, or else the crumbs, and return the exit code."""
    sizes = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for root in ROOTS
        for path in Path(root).rglob("*.py")
        if not any(part in path.as_posix() for part in GENERATED)
    }
    too_long = [f"{path}: {size} lines, at most {LONGEST}" for path, size in sizes.items() if size > LONGEST]
    if too_long:
        print("\n".join(too_long))
        return 1
    for path, importer in crumbs(sizes):
        print(f"crumb: {path} ({sizes[path]} lines), imported by {importer} alone")
    print(f"{len(sizes)} modules, longest {max(sizes.values())} lines")
    return 0


def crumbs(sizes: dict[Path, int]) -> list[tuple[Path, str]]:
    """Return the small modules of packages that one other module imports, with the name of that module."""
    modules = {
        name_of(path.relative_to(root)): path
        for path in sizes
        for root in PACKAGES
        if path.is_relative_to(root)
    }
    importers: dict[str, set[str]] = defaultdict(set)
    for name, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    importers[inner if inner in modules else node.module].add(name)
    return [
        (path, next(iter(importers[name])))
        for name, path in sorted(modules.items(), key=lambda module: module[1])
        if sizes[path] < CRUMB
        and path.stem not in PARTS
        and path.name != "__init__.py"
        and len(importers[name]) == 1
    ]


def name_of(path: Path) -> str:
    """Return the name by which a module is imported, of its path below the folder of packages."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


if __name__ == "__main__":
    sys.exit(main())
