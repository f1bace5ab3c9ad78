"""A program's life is tied to the stack's, and the data folder's lock to the programs' lives."""

import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from trackhelm_stack.launch import BINDS_ANY_PORT, PASSES_ANY_FOLDER
from trackhelm_stack.program import Address, free_ports
from trackhelm_stack.supervisor import DataInUseError, hold_lock

LAUNCH = Path(__file__).parents[3] / "services" / "trackhelm_stack" / "launch.py"
CAP_DAC_READ_SEARCH = 2
PR_CAPBSET_DROP = 24

START_A_PROGRAM = """
    import sys
    from pathlib import Path
    from trackhelm_stack.supervisor import Process, hold_lock
    from trackhelm_stack.program import Program

    # The program leaves a child of its own behind, as PostgreSQL does, which ends a moment later.
    code = '''import subprocess, sys, time
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"], close_fds=False)
    print("up", flush=True)
    time.sleep(60)'''
    with hold_lock(Path(sys.argv[1])) as held:
        process = Process(Program("tied", [sys.executable, "-c", code]), print, lambda _: None, lock=held)
        print(process.pid, flush=True)
        process.wait_or_kill(60)
"""


def has_ended(pid: int) -> bool:
    try:
        return "(zombie)" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def test_programs_die_with_a_stack_that_is_killed_and_the_lock_waits_for_the_last(tmp_path: Path) -> None:
    file = tmp_path / "stack" / "lock"
    file.parent.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(START_A_PROGRAM), str(file)]
    services = Path(__file__).parents[3] / "services"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=services) as stack:
        assert stack.stdout is not None
        pid = int(stack.stdout.readline())
        assert stack.stdout.readline() == "up\n"
        with pytest.raises(DataInUseError, match=f"in use by process {stack.pid}"), hold_lock(file):
            pass
        stack.kill()
        stack.wait()
        wait_until(lambda: has_ended(pid))
        with hold_lock(file):
            assert int(file.read_text()) == os.getpid()


def test_a_program_whose_stack_has_died_already_does_not_start() -> None:
    nobody = "1"
    command = [sys.executable, str(LAUNCH), nobody, str(int(signal.SIGKILL)), "", "", "/bin/true"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "has died meanwhile" in ended.stderr


def launched(program: Path, user: str, *, lacks_reading: bool) -> subprocess.CompletedProcess[str]:
    """Print the rights of a copy of `cat` that root has started as somebody else."""

    def drop() -> None:
        if lacks_reading:
            # As in a container, which takes rights from root.
            assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0) == 0

    tie = [str(os.getpid()), str(int(signal.SIGKILL)), user, ""]
    return subprocess.run(
        [sys.executable, str(LAUNCH), *tie, str(program), "/proc/self/status"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=drop,
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as somebody else")
@pytest.mark.parametrize("lacks_reading", [False, True])
@pytest.mark.parametrize(
    ("is_open", "user", "kept"),
    [
        (True, "nobody", set()),
        (False, "nobody", {CAP_DAC_READ_SEARCH}),
        (True, f"nobody{PASSES_ANY_FOLDER}", {1}),
        (False, f"nobody{PASSES_ANY_FOLDER}", {1}),
        (True, f"nobody{BINDS_ANY_PORT}", {10}),
        (True, f"nobody{BINDS_ANY_PORT}{PASSES_ANY_FOLDER}", {1, 10}),
    ],
)
def test_whom_root_runs_a_program_as_keeps_the_rights_he_needs_and_no_others(
    tmp_path: Path, *, is_open: bool, user: str, kept: set[int], lacks_reading: bool
) -> None:
    program = Path("/bin/cat") if is_open else Path(shutil.copy("/bin/cat", tmp_path))
    tmp_path.chmod(0o700)
    done = launched(program, user, lacks_reading=lacks_reading)
    if lacks_reading and CAP_DAC_READ_SEARCH in kept:
        assert done.returncode == 1
        assert f"nobody may not run {program}" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        (mask,) = re.findall(rf"^{name}:\s+([0-9a-f]+)$", done.stdout, re.MULTILINE)
        assert int(mask, 16) == sum(1 << number for number in kept), name
    assert re.search(rf"^Uid:\s+{pwd.getpwnam('nobody').pw_uid}\b", done.stdout, re.MULTILINE)


def test_free_ports_differ_and_none_is_an_outgoing_connections() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert max(ports) < 32_768


def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"cannot listen on http://127\.0\.0\.1:{port}"):
            Address("127.0.0.1", port).check_free()


@pytest.mark.parametrize(
    ("host", "url", "reachable"),
    [
        ("0.0.0.0", "http://0.0.0.0:1", "127.0.0.1"),
        ("::", "http://[::]:1", "::1"),
        ("10.0.0.7", "http://10.0.0.7:1", "10.0.0.7"),
    ],
)
def test_an_address_is_written_and_reached(host: str, url: str, reachable: str) -> None:
    address = Address(host, 1)
    assert (address.url, address.reachable_host) == (url, reachable)
