"""Whom the programs run as when root starts the stack, and which files are made theirs.

It must not start a program: `launch` changes the user.
"""

import os
import pwd
import stat
import tempfile
from pathlib import Path
from typing import Final

UNPRIVILEGED: Final = "nobody"
"""The user; this account exists on every Linux. PostgreSQL refuses to run as root, and no other needs to."""

_EVERYBODY_RUNS: Final = stat.S_IROTH | stat.S_IXOTH


def hand_over(folder: Path) -> None:
    """Make a folder of root's and all that is in it the user's; does nothing unless run by root.

    An earlier version ran Redis and the S3 server as root. The folder itself comes last, so that what was
    interrupted is done again. A folder that is the user's already is left: no program of that user may decide
    of which files root makes it the owner.
    """
    if os.geteuid() != 0 or folder.lstat().st_uid != 0:
        return
    folder = folder.resolve()
    if folder.stat().st_uid != 0:
        return
    account = pwd.getpwnam(UNPRIVILEGED)
    owner = (account.pw_uid, account.pw_gid)
    for _, folders, files, descriptor in os.fwalk(folder, topdown=False):
        for name in (*folders, *files):
            os.chown(name, *owner, dir_fd=descriptor, follow_symlinks=False)
    os.chown(folder, *owner)


def write_secret(file: Path, text: str) -> None:
    """Write a file that only the user can read, in a folder that may be the user's.

    It is written under a new name and renamed: a link that the user has put in its place is not followed.
    """
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        if os.geteuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED)
            os.fchown(descriptor, account.pw_uid, account.pw_gid)
    Path(draft).replace(file)


def open_to_all(program: Path) -> Path:
    """Return a program of a wheel, which every user can run if root has installed it with a strict umask.

    No right that the programs keep includes running a file that its mode does not let them run.
    """
    mode = program.stat().st_mode
    if os.geteuid() == 0 and mode & _EVERYBODY_RUNS != _EVERYBODY_RUNS:
        program.chmod(mode | _EVERYBODY_RUNS)
    return program
