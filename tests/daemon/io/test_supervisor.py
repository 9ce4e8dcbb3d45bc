"""Laws of the supervisor, with real processes: both live and die together, and it knows when."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pcsx.daemon.io.supervisor import (
    EXIT_BUG,
    EXIT_PLACE,
    EXIT_STUCK,
    EXIT_TOO_OFTEN,
    Groups,
    _kill_group,
    _started,
    supervise,
)
from pcsx.ring.config import Address
from pcsx.ring.frames import Boot
from pcsx.ring.heart_port import LeaveWills, Will
from pcsx.ring.will import WILLS, opened_will

KEY = bytes(range(32))
LIMIT_S = 20


def wait_for(question: Callable[[], bool]) -> None:
    """Return as soon as *question* is true."""
    limit = time.monotonic() + LIMIT_S
    while not question():
        assert time.monotonic() < limit, "it did not come true"
        time.sleep(0.005)


class Story:
    """A supervisor in a process of its own; its children leave lines in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pid = 0

    def say(self, *words: object) -> None:
        with self.path.open("a") as file:
            file.write(" ".join(map(str, words)) + "\n")

    def lines(self, start: str = "") -> list[str]:
        text = self.path.read_text() if self.path.exists() else ""
        return [line for line in text.splitlines() if line.startswith(start)]

    def begin(
        self,
        heart: Callable[[socket.socket, socket.socket], int],
        brain: Callable[[socket.socket, socket.socket], int],
        *,
        group_wait_s: float = 5.0,
    ) -> None:
        self.pid = os.fork()
        if not self.pid:
            code = 99
            with contextlib.suppress(BaseException):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                code = supervise(heart, brain, group_wait_s=group_wait_s)
            os._exit(code)

    def status(self) -> int:
        """Return the supervisor's exit status, once it has ended."""
        found: list[int] = []

        def ended() -> bool:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                found.append(os.waitstatus_to_exitcode(status))
            return bool(pid)

        wait_for(ended)
        self.pid = 0
        return found[0]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = Story(tmp_path / "story")
    yield made
    if made.pid:
        os.kill(made.pid, signal.SIGKILL)
        os.waitpid(made.pid, 0)


def is_there(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return stat[0] not in ("Z", "X")


def heart_of(story: Story) -> Callable[[socket.socket, socket.socket], int]:
    def heart(brain: socket.socket, supervisor: socket.socket) -> int:
        story.say("heart", os.getpid())
        return 3 if brain.recv(100) == b"" else 0

    return heart


def idle(story: Story) -> Callable[[socket.socket, socket.socket], int]:
    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        story.say("brain", os.getpid())
        while True:
            signal.pause()

    return brain


def test_an_orderly_leave_ends_everything_with_status_0(story: Story) -> None:
    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        story.say("brain", os.getpid())
        while True:
            signal.pause()

    story.begin(heart_of(story), brain)
    wait_for(lambda: len(story.lines()) == 2)
    os.kill(story.pid, signal.SIGTERM)
    assert story.status() == 0
    assert not any(is_there(int(line.split()[1])) for line in story.lines())


def test_a_stop_before_the_brain_listens_is_an_orderly_one(story: Story) -> None:
    story.begin(heart_of(story), idle(story))
    wait_for(lambda: len(story.lines()) == 2)
    os.kill(story.pid, signal.SIGTERM)
    assert story.status() == 0


@pytest.mark.parametrize("victim", ["heart", "brain"])
def test_when_one_is_killed_both_begin_again(story: Story, victim: str) -> None:
    story.begin(heart_of(story), idle(story))
    wait_for(lambda: len(story.lines()) == 2)
    first = {int(line.split()[1]) for line in story.lines()}
    os.kill(int(story.lines(victim)[0].split()[1]), signal.SIGKILL)
    wait_for(lambda: len(story.lines()) == 4)
    assert not any(is_there(pid) for pid in first)
    assert all(is_there(int(line.split()[1])) for line in story.lines()[2:])


def test_the_third_end_within_a_minute_is_the_last(story: Story) -> None:
    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        story.say("brain", os.getpid())
        return 1

    story.begin(heart_of(story), brain)
    assert story.status() == EXIT_TOO_OFTEN
    assert len(story.lines("brain")) == 3


def test_after_a_broken_invariant_nothing_is_started_again(story: Story) -> None:
    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        story.say("brain", os.getpid())
        raise AssertionError("this cannot be")

    story.begin(heart_of(story), brain)
    assert story.status() == EXIT_BUG
    assert len(story.lines("brain")) == 1


def test_a_brain_that_cannot_be_here_is_not_started_again(story: Story) -> None:
    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        story.say("brain", os.getpid())
        return EXIT_PLACE

    story.begin(heart_of(story), brain)
    assert story.status() == EXIT_PLACE
    assert len(story.lines("brain")) == 1


def test_both_die_with_the_supervisor(story: Story) -> None:
    story.begin(heart_of(story), idle(story))
    wait_for(lambda: len(story.lines()) == 2)
    pids = [int(line.split()[1]) for line in story.lines()]
    os.kill(story.pid, signal.SIGKILL)
    assert story.status() == -signal.SIGKILL
    wait_for(lambda: not any(is_there(pid) for pid in pids))


def spawn(group: int | None = None) -> int:
    """Return the pid of a sleeper that leads its own process group."""
    return os.posix_spawn("/bin/sleep", ["sleep", "60"], {}, setpgroup=group or 0)


def test_running_operations_are_ended_before_the_will_and_services_live_on(story: Story) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(LIMIT_S)
        address = Address("127.0.0.1", peer.getsockname()[1])

        def heart(brain: socket.socket, supervisor: socket.socket) -> int:
            wills = LeaveWills(Boot(7, 8), (Will((address,), 42, KEY),))
            supervisor.send(WILLS.encode(wills))
            story.say("heart", os.getpid())
            return 3 if brain.recv(100) == b"" else 0

        def brain(heart: socket.socket, supervisor: socket.socket) -> int:
            groups = Groups(supervisor)
            running, service = spawn(), spawn()
            groups.begin(running)
            groups.begin(service)
            groups.end(service)
            story.say("running", running)
            story.say("service", service)
            story.say("brain", os.getpid())
            while True:
                signal.pause()

        story.begin(heart, brain)
        wait_for(lambda: len(story.lines()) == 4)
        running = int(story.lines("running")[0].split()[1])
        services = [int(story.lines("service")[0].split()[1])]
        try:
            os.kill(int(story.lines("brain")[0].split()[1]), signal.SIGKILL)
            data = peer.recv(1000)
            assert opened_will(data, KEY) == (Boot(7, 8), -9)
            assert not is_there(running)
            assert is_there(services[0])
            wait_for(lambda: len(story.lines()) == 8)
            services.append(int(story.lines("service")[1].split()[1]))
        finally:
            for pid in services:
                os.kill(pid, signal.SIGKILL)


def test_no_new_life_begins_beside_an_operation_that_cannot_be_killed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pcsx.daemon.io.supervisor._runs", lambda group: True)

    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        running = spawn()
        Groups(supervisor).begin(running)
        story.say("brain", running)
        return 1

    story.begin(heart_of(story), brain, group_wait_s=0.1)
    assert story.status() == EXIT_STUCK
    assert len(story.lines("brain")) == 1


def test_a_group_whose_number_went_to_somebody_else_is_left_alone() -> None:
    stranger = spawn()
    try:
        assert not _kill_group(stranger, "1")
        assert is_there(stranger)
        assert _started(stranger) not in ("", "1")
        _kill_group(stranger, _started(stranger))
        wait_for(lambda: not is_there(stranger))
    finally:
        os.waitpid(stranger, 0)


def test_a_group_whose_leader_is_gone_is_ended_all_the_same() -> None:
    leader = os.posix_spawn("/bin/true", ["true"], {}, setpgroup=0)
    member = spawn(leader)
    started = _started(leader)
    os.waitpid(leader, 0)
    _kill_group(leader, started)
    wait_for(lambda: not is_there(member))
    os.waitpid(member, 0)
