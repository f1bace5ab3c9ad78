"""A program that ties its life to that of its parent process, and then becomes another program.

    python launch.py PARENT SIGNAL USER COMMAND…

SIGNAL is sent to the process when PARENT ends in any way, so that no program outlives the stack. USER, if not
empty, is the user as which it continues when started by root; with `+any-port` after the name, it may listen
on any port. Both are possible on Linux only. The module imports nothing else, so that it starts in 20 ms.
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
_CAP_NET_BIND_SERVICE = 10
_CAPABILITY_VERSION_3 = 0x20080522

BINDS_ANY_PORT = "+any-port"
"""The suffix of a user's name that lets the user listen on ports below 1024."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become(user: str) -> None:
    """Continue as a user other than root: PostgreSQL refuses to run as root, and nginx need not.

    Where possible, root's right to enter any folder is kept. Data and programs may be below `/root`, which no
    other user can enter, and making it accessible to all users would be worse.
    """
    account = pwd.getpwnam(user.removesuffix(BINDS_ANY_PORT))
    rights = [_CAP_DAC_OVERRIDE, *([_CAP_NET_BIND_SERVICE] if user.endswith(BINDS_ANY_PORT) else [])]
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    with contextlib.suppress(OSError):  # Without it, only programs in open folders run.
        # `access()` checks what the user may do without the kept rights, unless the kernel is told to keep
        # rights on a change of user; initdb checks in this way whether it may run the programs beside it.
        _check(_libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    right = sum(1 << number for number in rights)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(right, right, right, 0, 0, 0)
    with contextlib.suppress(OSError):  # In a container, root may not have the right.
        _check(_libc.capset(header, sets))
        for number in rights:
            _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0))


def main(parent: str, death_signal: str, user: str, *command: str) -> None:
    """Prepare the process, and become the command."""
    if user:
        become(user)
    # This comes after the change of user, which would reset it.
    _check(_libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != int(parent):
        sys.exit("launch: whoever started this has died meanwhile")
    os.execv(command[0], command)  # noqa: S606 - there is no shell because there is no need of one


if __name__ == "__main__":
    main(*sys.argv[1:])
