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
from trackhelm_stack.launch import BINDS_ANY_PORT, READS_ITS_INSTALLATION
from trackhelm_stack.program import Address, free_ports
from trackhelm_stack.rights import hand_over, write_secret
from trackhelm_stack.supervisor import DataInUseError, hold_lock

LAUNCH = Path(__file__).parents[3] / "services" / "trackhelm_stack" / "launch.py"
CAP_DAC_READ_SEARCH = 2
CAP_NET_BIND_SERVICE = 10
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


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as somebody else")


@as_root
@pytest.mark.parametrize("lacks_reading", [False, True])
@pytest.mark.parametrize(
    ("is_open", "user", "kept"),
    [
        (True, "nobody", set()),
        (False, "nobody", set()),
        (True, f"nobody{READS_ITS_INSTALLATION}", set()),
        (False, f"nobody{READS_ITS_INSTALLATION}", {CAP_DAC_READ_SEARCH}),
        (True, f"nobody{BINDS_ANY_PORT}", {CAP_NET_BIND_SERVICE}),
        (False, f"nobody{BINDS_ANY_PORT}", {CAP_NET_BIND_SERVICE}),
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


@as_root
def test_a_program_that_its_mode_closes_to_its_user_is_named(tmp_path: Path) -> None:
    program = Path(shutil.copy("/bin/cat", tmp_path))
    program.chmod(0o700)
    done = launched(program, "nobody", lacks_reading=False)
    assert done.returncode == 1
    assert f"nobody may not run {program}" in done.stderr


@as_root
def test_words_that_name_the_folder_or_a_path_in_it_lead_into_it_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "closed" / "a folder"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    hand_over(folder)
    words = [f"{folder}", f"{folder}/new", f"{folder}er", f"--in={folder}"]
    tie = [str(os.getpid()), str(int(signal.SIGKILL)), "nobody", str(folder)]
    script = 'printf "%s\\n" "$@"; echo made > "$1/made" && cat "$1/made"'
    done = subprocess.run(
        [sys.executable, str(LAUNCH), *tie, "/bin/sh", "-c", script, "sh", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    itself, inside, *others, said = done.stdout.splitlines()
    assert re.fullmatch(r"/proc/self/fd/\d+", itself)
    assert inside == f"{itself}/new"
    assert others == words[2:]
    assert said == "made"
    assert (folder / "made").owner() == "nobody"


@as_root
def test_a_folder_of_roots_is_handed_over_whole_and_one_that_was_is_left(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").touch()
    (folder / "link").symlink_to(outside)
    hand_over(folder)
    for path in (folder, folder / "sub", folder / "sub" / "file"):
        assert path.owner() == "nobody"
    assert (folder / "link").lstat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert outside.owner() == "root"
    (folder / "later").touch()
    hand_over(folder)
    assert (folder / "later").owner() == "root"


@as_root
def test_a_link_that_a_program_put_where_a_folder_was_hands_nothing_over(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = tmp_path / "link"
    link.symlink_to(outside)
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(link, nobody, nobody, follow_symlinks=False)
    hand_over(link)
    assert outside.owner() == "root"


def test_a_secret_is_not_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    file = tmp_path / "secret"
    file.symlink_to(outside)
    write_secret(file, "hidden")
    assert (outside.read_text(), file.read_text()) == ("kept", "hidden")
    assert file.stat().st_mode & 0o777 == 0o600
    assert not file.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"outside", "secret"}


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
