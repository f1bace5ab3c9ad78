"""A program that ties its life to that of its parent process, and then becomes another program.

    python launch.py PARENT SIGNAL USER FOLDER COMMAND…

SIGNAL is sent to the process when PARENT ends in any way, so that no program outlives the stack. USER, if not
empty, is the user as which it continues when started by root; suffixes name the rights of root that it keeps.
FOLDER, if not empty, is a folder that the user can then use even if it cannot enter the folders above it,
`/root` for instance: root opens it, and the words of COMMAND that are it, or a path below it, become paths
below the open folder, for which those above are not checked. Likewise root opens the program itself. So
nobody is given the right to write any file (CAP_DAC_OVERRIDE). All of this is possible on Linux only. The
module imports nothing else, so that it starts in 20 ms.
"""

import contextlib
import ctypes
import os
import pwd
import sys
from collections.abc import Callable, Sequence
from functools import partial

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_READ_SEARCH = 2
_CAP_NET_BIND_SERVICE = 10
_CAPABILITY_VERSION_3 = 0x20080522

BINDS_ANY_PORT = "+any-port"
"""The suffix of a user's name that lets the user listen on ports below 1024."""

READS_ITS_INSTALLATION = "+installation"
"""The suffix of a user's name for a program that opens files beside it, by their paths: if the user cannot
enter the program's folder, the user keeps root's right to read any file, but none to write one."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _set_rights(permitted: set[int], effective: set[int], inheritable: set[int]) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    masks = [sum(1 << number for number in rights) for rights in (effective, permitted, inheritable)]
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(*masks, 0, 0, 0)))


def _permitted() -> set[int]:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    masks = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(header, masks))
    return {number for number in range(32) if masks[1] >> number & 1}


def _keep(rights: set[int]) -> None:
    """Keep these rights and no others, also in the program that the process becomes."""
    _set_rights(rights, rights, rights)
    for number in rights:
        with contextlib.suppress(OSError):  # In a container it may be forbidden.
            _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0))


def _change(user: str, program: str) -> bool:
    """Continue as a user, and return whether it can run the program by its path.

    The rights that the suffixes name are kept where possible: in a container, root may not have them.
    """
    name, *_ = user.split("+")
    account = pwd.getpwnam(name)
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    with contextlib.suppress(OSError):  # In a container it may be forbidden; then nothing can be kept.
        # `access()` checks what the user may do without the kept rights, unless the kernel is told to keep
        # rights on a change of user; initdb checks in this way whether it may run the programs beside it.
        _check(_libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    permitted = _permitted()
    rights = {_CAP_NET_BIND_SERVICE} & permitted if BINDS_ANY_PORT in user else set()
    reading = {_CAP_DAC_READ_SEARCH} & permitted if READS_ITS_INSTALLATION in user else set()
    _set_rights(rights | reading, set(), set())
    if os.access(program, os.R_OK | os.X_OK):
        _keep(rights)
        return True
    _keep(rights | reading)
    if READS_ITS_INSTALLATION in user and not reading:
        sys.exit(_may_not_run(user, program))
    return bool(reading)


def _may_not_run(user: str, program: str) -> str:
    name, *_ = user.split("+")
    return f"launch: {name} may not run {program}: install it in a folder that is open to all"


def become(user: str, folder: str, command: Sequence[str]) -> Callable[[], None]:
    """Continue as a user other than root, and return the function that runs the command."""
    program = command[0]
    # Root opens both.
    opened_program = os.open(program, os.O_PATH)
    words = [*command]
    if folder:
        opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        os.set_inheritable(opened, True)  # noqa: FBT003 - the function takes no keyword
        words = [_below(word, folder, f"/proc/self/fd/{opened}") for word in command]
    runs_by_path = _change(user, program)

    def run() -> None:
        try:
            os.execve(program if runs_by_path else opened_program, words, os.environ)  # noqa: S606 - no shell
        except PermissionError:
            sys.exit(_may_not_run(user, program))

    return run


def _below(word: str, folder: str, opened: str) -> str:
    return opened + word[len(folder) :] if word == folder or word.startswith(f"{folder}/") else word


def main(parent: str, death_signal: str, user: str, folder: str, *command: str) -> None:
    """Prepare the process, and become the command."""
    run: Callable[[], None] = (
        become(user, folder, command) if user else partial(os.execv, command[0], command)
    )
    # This comes after the change of user, which would reset it.
    _check(_libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != int(parent):
        sys.exit("launch: the process that started this has died meanwhile")
    run()


if __name__ == "__main__":
    main(*sys.argv[1:])
