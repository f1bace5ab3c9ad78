"""What git knows of a program's folder. It runs the program `git`, and no more than reading."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

PATCH_BYTES: Final = 512 * 1024
"""A longer patch is cut off."""

_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Head:
    """The commit that a working tree is based on."""

    commit: str
    branch: str | None
    repository: str | None


def head(folder: Path) -> Head | None:
    """Return what a folder's working tree is based on; None where it is in none, or git ignores it."""
    told = _git(folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD", "--is-inside-work-tree")
    lines = told.split() if told else []
    if len(lines) < 2:  # noqa: PLR2004 - the commit and the branch
        return None
    if _git(folder, "check-ignore", "--quiet", ".") is not None:
        return None
    branch = None if lines[1] == "HEAD" else lines[1]
    remotes = (_git(folder, "remote") or "").split()
    url = _git(folder, "remote", "get-url", remotes[0]) if remotes else None
    return Head(lines[0], branch, _without_credentials(url.strip()) if url else None)


def changes(folder: Path) -> tuple[bool, str | None]:
    """Return whether files differ from the commit, and the patch, cut off after 512 KiB."""
    status = _git(folder, "status", "--porcelain", "--untracked-files=normal")
    if not status or not status.strip():
        return False, None
    patch = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff") or ""
    if len(patch) > PATCH_BYTES:
        patch = patch[:PATCH_BYTES] + f"\n# The patch has {len(patch)} characters and is cut off here.\n"
    return True, patch or None


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints; None where it fails or is not there."""
    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.decode(errors="replace") if ended.returncode == 0 else None


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or "@" not in parts.netloc:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
