"""The demonstration's nodes: real daemons on loopback addresses, each with a power switch.

Everything is in one temporary directory. A node is all processes that carry its run directory in
their environment: daemon, agents, and services that agents left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Final

from pcsx.agents.bundled.fence_pcsx_demo import processes
from pcsx.errors import Failed
from pcsx.lean import dataclass

PORT: Final = 5450
SERVICE_PORT: Final = 8080


@dataclass()
class DemoNode:
    """One node: its name and address, its directory, and its daemon if it runs."""

    name: str
    address: str
    place: Path
    switch: Path
    daemon: subprocess.Popen[bytes] | None = None
    dead: bool = False
    """It was killed and has not been switched on again."""
    struck_ns: int = 0
    """When its switch had last been turned as it was killed."""
    read: int = 0
    """How much of its log was read."""

    @property
    def run_dir(self) -> Path:
        """Return where its socket and its agents' state are."""
        return self.place / "run"

    @property
    def socket(self) -> str:
        """Return its local socket."""
        return str(self.run_dir / "pcsx.sock")

    @property
    def log(self) -> Path:
        """Return the file of its daemon's story."""
        return self.place / "log"

    @property
    def is_on(self) -> bool:
        """Return whether its switch is on."""
        with contextlib.suppress(OSError):
            return "power=off" not in self.switch.read_text()
        return False

    def kill(self) -> None:
        """End all its processes by SIGKILL, as a power cut would."""
        entries = [("run", str(self.run_dir))]
        until = time.monotonic() + 5
        while (left := processes(entries)) and time.monotonic() < until:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.reap()
            time.sleep(0.005)
        self.reap()

    def reap(self) -> None:
        """Collect the daemon if it has ended."""
        if self.daemon is not None and self.daemon.poll() is not None:
            self.daemon = None

    def new_lines(self) -> list[str]:
        """Return the whole lines that its daemon wrote since the last look."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(self.read)
            text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self.read += len(whole)
            return whole.decode(errors="replace").splitlines()
        return []


class Nodes:
    """All nodes of one demonstration, and the directory that they live in."""

    def __init__(self, count: int) -> None:
        """Make the directory and the nodes' addresses; nothing runs yet."""
        self.place = Path(tempfile.mkdtemp(prefix="pcsx-demo-"))
        self.switches = self.place / "switches"
        self.switches.mkdir()
        net = _free_net(count)
        self.service = (f"{net}.200", SERVICE_PORT)
        self.nodes = [
            DemoNode(
                f"n{number}",
                f"{net}.{number}",
                self.place / f"n{number}",
                self.switches / f"n{number}",
            )
            for number in range(1, count + 1)
        ]
        self._key = self.place / "bootstrap.key"
        self._key.write_bytes(os.urandom(32))
        self._key.chmod(0o600)

    def named(self, name: str) -> DemoNode:
        """Return the node called *name*."""
        return next(node for node in self.nodes if node.name == name)

    def start(self, node: DemoNode) -> None:
        """Switch *node* on: its daemon starts."""
        node.place.mkdir(exist_ok=True)
        node.run_dir.mkdir(exist_ok=True)
        node.switch.write_text(f"run={node.run_dir}\npower=on\n")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PCSX_")
        }
        environment["PCSX_RUN_DIR"] = str(node.run_dir)
        # Found as it was found here, installed or not.
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        words = [
            sys.executable, "-m", "pcsx", "daemon",
            "--config", os.devnull,
            "--name", node.name,
            "--state-dir", str(node.place / "state"),
            "--address", node.address,
            "--port", str(PORT),
            "--bootstrap-key", str(self._key),
            "--discovery", "no",
        ]  # fmt: skip
        with node.log.open("ab") as log:
            node.daemon = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=str(node.place),
                start_new_session=True,
            )
        node.dead = False

    def revive(self) -> list[DemoNode]:
        """Start the daemons of nodes that fencing switched on again; return them."""
        revived = []
        for node in self.nodes:
            node.reap()
            turned = node.switch.stat().st_mtime_ns != node.struck_ns
            if node.dead and turned and node.is_on:
                self.start(node)
                revived.append(node)
        return revived

    def strike(self, node: DemoNode) -> None:
        """Kill *node* whole; it stays dead until its switch was turned off and on."""
        node.dead = True
        node.struck_ns = node.switch.stat().st_mtime_ns
        node.kill()

    def clear(self) -> None:
        """End every process and remove every file."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.place, ignore_errors=True)


def _free_net(count: int) -> str:
    """Return the first three numbers of loopback addresses that nobody listens on."""
    chance = Random()
    for _ in range(50):
        net = f"127.{chance.randrange(16, 250)}.{chance.randrange(1, 250)}"
        hosts = [f"{net}.{number}" for number in range(1, count + 1)]
        if all(_is_free(host, PORT) for host in hosts) and _is_free(f"{net}.200", SERVICE_PORT):
            return net
    raise Failed(
        "no loopback addresses are free for the demonstration",
        "It needs addresses of 127.0.0.0/8 with UDP and TCP port 5450, and TCP port 8080.",
    )


def _is_free(host: str, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
