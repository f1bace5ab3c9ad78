"""A program that ties its life to that of its parent process, and then becomes another program.

    python launch.py PARENT SIGNAL USER FOLDER COMMAND…

SIGNAL is sent to the process when PARENT ends in any way, so that no program outlives the stack. USER, if not
empty, is the user as which it continues when started by root; suffixes name the rights of root that it keeps.
FOLDER, if not empty, is a word of COMMAND: a folder that the user can then use even if it cannot enter the
folders above it. All of this is possible on Linux only. The module imports nothing else, so that it starts in
20 ms.
"""

import contextlib
import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAP_NET_BIND_SERVICE = 10
_CAPABILITY_VERSION_3 = 0x20080522

BINDS_ANY_PORT = "+any-port"
"""The suffix of a user's name that lets the user listen on ports below 1024."""

PASSES_ANY_FOLDER = "+any-folder"
"""The suffix of a user's name that lets the user read and write any file, as root can."""

_RIGHTS = {BINDS_ANY_PORT: _CAP_NET_BIND_SERVICE, PASSES_ANY_FOLDER: _CAP_DAC_OVERRIDE}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _set_rights(permitted: set[int], effective: set[int], inheritable: set[int]) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    masks = [sum(1 << number for number in rights) for rights in (effective, permitted, inheritable)]
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(*masks, 0, 0, 0)))


def _keep(rights: set[int]) -> None:
    """Keep these rights and no others, also in the program that the process becomes."""
    _set_rights(rights, rights, rights)
    for number in rights:
        _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0))


def become(user: str, program: str) -> None:
    """Continue as a user other than root: PostgreSQL refuses to run as root, and nginx need not.

    The rights that the suffixes name are kept where possible. Without a suffix, none is kept if the user can
    run the program, else root's right to read any file: the program may be below `/root`, which no other user
    can enter, and making it accessible to all users would be worse.
    """
    name, *_ = user.split("+")
    rights = {number for right, number in _RIGHTS.items() if right in user}
    account = pwd.getpwnam(name)
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    with contextlib.suppress(OSError):  # In a container it may be forbidden; then nothing can be kept.
        # `access()` checks what the user may do without the kept rights, unless the kernel is told to keep
        # rights on a change of user; initdb checks in this way whether it may run the programs beside it.
        _check(_libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if rights:
        with contextlib.suppress(OSError):  # In a container, root may not have them.
            _keep(rights)
        return
    try:
        _set_rights({_CAP_DAC_READ_SEARCH}, set(), set())
    except OSError:  # In a container, root may not have it.
        _set_rights(set(), set(), set())
    if os.access(program, os.R_OK | os.X_OK):
        _set_rights(set(), set(), set())
        return
    try:
        _keep({_CAP_DAC_READ_SEARCH})
    except OSError:
        sys.exit(f"launch: {name} may not run {program}: install it in a folder that is open to all")


def main(parent: str, death_signal: str, user: str, folder: str, *command: str) -> None:
    """Prepare the process, and become the command."""
    if user and folder:
        # Root opens it. By this path, the permissions of the folders above it are not checked.
        opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        os.set_inheritable(opened, True)  # noqa: FBT003 - the function takes no keyword
        command = tuple(f"/proc/self/fd/{opened}" if word == folder else word for word in command)
    if user:
        become(user, command[0])
    # This comes after the change of user, which would reset it.
    _check(_libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != int(parent):
        sys.exit("launch: whoever started this has died meanwhile")
    os.execv(command[0], command)  # noqa: S606 - there is no shell because there is no need of one


if __name__ == "__main__":
    main(*sys.argv[1:])
