"""A program that becomes another, after it has tied its life to whoever started it.

    python launch.py PARENT SIGNAL USER COMMAND…

SIGNAL is what the process gets when PARENT dies, however it dies: no program outlives the stack. USER, if
not empty, is whom root runs it as; with `+any-port` behind the name, it may listen on any port. Only Linux
can do either. Nothing else is imported, so it starts in 20 ms.
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
"""What a user's name ends in who may listen on ports below 1024."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become(user: str) -> None:
    """Go on as a user other than root, which PostgreSQL refuses to run as and nginx need not be.

    One right of root's is kept where it can be: to pass any folder. Data and programs may well be below
    `/root`, where nobody else may look, and to open that to all would be worse.
    """
    account = pwd.getpwnam(user.removesuffix(BINDS_ANY_PORT))
    rights = [_CAP_DAC_OVERRIDE, *([_CAP_NET_BIND_SERVICE] if user.endswith(BINDS_ANY_PORT) else [])]
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    with contextlib.suppress(OSError):  # Likewise: then only programs in folders open to all can be run.
        # `access()` asks what a user may who has no such right, unless the kernel is told to leave rights
        # alone; initdb asks so whether it may run its own neighbours.
        _check(_libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    right = sum(1 << number for number in rights)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(right, right, right, 0, 0, 0)
    with contextlib.suppress(OSError):  # A container may have taken the right from root.
        _check(_libc.capset(header, sets))
        for number in rights:
            _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0))


def main(parent: str, death_signal: str, user: str, *command: str) -> None:
    """Prepare the process and become the command."""
    if user:
        become(user)
    # After the change of user, which would undo it.
    _check(_libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != int(parent):
        sys.exit("launch: whoever started this has died meanwhile")
    os.execv(command[0], command)  # noqa: S606 - there is no shell because there is no need of one


if __name__ == "__main__":
    main(*sys.argv[1:])
