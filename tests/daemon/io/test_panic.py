"""Laws of what is left for a crash kernel: only root reads it, and whoever sends it is believed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcsx.daemon.io import panic
from pcsx.daemon.io.frame_socket import FrameSocket
from pcsx.daemon.io.heart import HeartSettings, run_heart
from pcsx.daemon.io.supervisor import supervise
from pcsx.ring.config import Address
from pcsx.ring.frames import Boot, Configure, PeerState, Pulse, Reach, Why
from pcsx.ring.heart_port import LeaveWills, Will
from pcsx.ring.will import WILLS, opened_panic, panic_key
from tests.daemon.io.test_heart import Hearts
from tests.ring.network import PSK, identity_of

SCRIPT = Path(__file__).parents[3] / "contrib/kdump/pcsx-panic"
LEFT = LeaveWills(
    Boot(3, 4),
    (
        Will((Address("127.0.0.1", 5450), Address("::1", 5451)), 77, bytes(range(32))),
        Will((Address("127.0.0.2", 5450),), 78, bytes(32)),
    ),
)


def test_a_packet_for_every_address_is_sealed_with_a_key_for_this_alone() -> None:
    lines = panic.lines_of(LEFT)
    assert [(line.host, line.port) for line in lines] == [
        ("127.0.0.1", 5450), ("::1", 5451), ("127.0.0.2", 5450),
    ]  # fmt: skip
    assert opened_panic(lines[0].packet, panic_key(bytes(range(32)))) == Boot(3, 4)


def test_the_file_is_roots_comes_back_as_it_was_and_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "panic"
    panic.keep(str(path), panic.lines_of(LEFT))
    assert path.stat().st_mode & 0o777 == 0o600
    assert panic.read(str(path)) == panic.lines_of(LEFT)
    (tmp_path / "panic.new").write_text("left by a panic in the midst of writing")
    panic.keep(str(path), panic.lines_of(LEFT)[:1])
    assert len(panic.read(str(path))) == 1
    assert os.listdir(tmp_path) == ["panic"]
    assert bytes(range(32)).hex() not in path.read_text(), "no key lies on the disk"


@pytest.mark.parametrize("text", ["nonsense\n", "127.0.0.1 x 00\n", "h 1 zz\n", "é\n", ""])
def test_what_is_no_such_file_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "panic").write_text(text)
    with pytest.raises(panic.Unreadable, match="panic"):
        panic.read(str(tmp_path / "panic"))
    with pytest.raises(panic.Unreadable, match="No such file"):
        panic.read(str(tmp_path / "none"))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(20)
        yield listening


def test_the_script_for_kdump_sends_what_the_command_sends(
    listener: socket.socket, tmp_path: Path
) -> None:
    # All bytes, and among them line ends and zeros, in packets of the size of ours.
    packets = [bytes((start + at) % 256 for at in range(48)) for start in range(0, 256, 32)]
    host, port = listener.getsockname()
    lines = [panic.Line(host, port, packet) for packet in packets]
    nobody = panic.Line("192.0.2.999", 1, b"x")
    path = tmp_path / "panic"
    panic.keep(str(path), [nobody, *lines])
    environment = {**os.environ, "PCSX_PANIC_FILE": str(path)}
    ran = subprocess.run([SCRIPT, "--force"], env=environment, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert [listener.recv(100) for _ in range(len(packets))] == packets
    listener.setblocking(False)
    while True:
        try:
            listener.recv(100)
        except BlockingIOError:
            break
    assert panic.send([nobody, *lines], rounds=1) == len(packets)
    assert [listener.recv(100) for _ in range(len(packets))] == packets
    if not os.path.exists(panic.CRASHED):
        subprocess.run([SCRIPT], env=environment, check=True)
        with pytest.raises(BlockingIOError):
            listener.recv(100)


def test_peers_of_a_killed_daemon_learn_by_the_file_that_it_left(tmp_path: Path) -> None:
    hearts = Hearts(2, "standard", alone=1)
    secret = identity_of(2).private_bytes_raw()
    path, pids = tmp_path / "panic", tmp_path / "pids"

    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        pids.write_text(f"{os.getpid()}")
        end = FrameSocket(heart)
        end.send(Configure(2, Boot(1, 1), hearts.config.to_bytes(), secret, (PSK,)))
        while True:
            time.sleep(0.1)
            end.receive()
            end.send(Pulse())

    def heart(brain: socket.socket, supervisor: socket.socket) -> int:
        return run_heart(brain, supervisor, HeartSettings(realtime=False))

    daemon = os.fork()
    if not daemon:
        hearts.brains[1].close()
        os._exit(supervise(heart, brain, panic_file=str(path)))
    try:
        hearts.listen(1, PeerState, node=2, reach=Reach.UP)
        limit = time.monotonic() + 20
        while time.monotonic() < limit and not (path.exists() and path.read_text()):
            time.sleep(0.01)
        time.sleep(0.3)
        assert path.stat().st_mode & 0o777 == 0o600
        os.kill(daemon, signal.SIGKILL)  # heart and brain go with it, and nobody sends a will
        os.waitpid(daemon, 0)
        killed = time.monotonic()
        assert panic.send(panic.read(str(path))) == 1
        hearts.listen(1, PeerState, node=2, reach=Reach.DOWN, why=Why.PANIC)
        assert time.monotonic() - killed < 2.0, "silence would have told as much"
    finally:
        with_what = int(pids.read_text())
        hearts.close()
        assert not os.path.exists(f"/proc/{with_what}/exe")


def test_an_orderly_end_takes_the_file_away(tmp_path: Path) -> None:
    path = tmp_path / "panic"

    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        limit = time.monotonic() + 20
        while time.monotonic() < limit and not path.exists():
            time.sleep(0.01)
        return 0 if path.exists() else 1

    def heart(brain: socket.socket, supervisor: socket.socket) -> int:
        supervisor.send(WILLS.encode(LEFT))
        brain.recv(1)
        return 0

    daemon = os.fork()
    if not daemon:
        os._exit(supervise(heart, brain, panic_file=str(path)))
    assert os.waitstatus_to_exitcode(os.waitpid(daemon, 0)[1]) == 0
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        time.sleep(0.5)
        return 0

    def heart(brain: socket.socket, supervisor: socket.socket) -> int:
        supervisor.send(WILLS.encode(LEFT))
        brain.recv(1)
        return 0

    daemon = os.fork()
    if not daemon:
        os._exit(supervise(heart, brain, panic_file=str(tmp_path / "no/such/panic")))
    assert os.waitstatus_to_exitcode(os.waitpid(daemon, 0)[1]) == 0
