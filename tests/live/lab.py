"""Machines of namespaces on one Linux host, with a switch and power sockets between them.

A machine has its own network, mount, process and host name; its directories for state are its own
and outlive its power. `Lab(3)` as a context manager makes three, on a bridge in a namespace of its
own, with a probe outside of them all. Cutting the power kills the machine's process 1, so that the
kernel ends everything in it at once, and takes its network away.

    with Lab(3) as lab:
        lab.power_on()
        lab["n1"].run("ip addr")            # a command inside
        lab["n1"].cut_link()                # and .mend_link(), lab.partition(...), lab.loss(20)
        probe = lab.probe("10.79.0.200")    # ICMP and ARP, every 10 ms, from outside
        lab["n1"].power_off()

Needs root and iproute2, nftables, util-linux. Nothing outside of its namespaces is touched, and all
of it is gone at the end.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final

HERE: Final = Path(__file__).parent
NAME: Final = "pxl"
NET: Final = "10.79.0"
OWN: Final = ("/var/lib/pcsx", "/etc/pcsx", "/var/log")
"""Directories that are each machine's own, on disk."""


def sh(words: Sequence[str], *, input: str = "", check: bool = True) -> str:
    """Run a command of the host; return what it said."""
    ran = subprocess.run(
        words, input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert not check or ran.returncode == 0, f"{' '.join(words)}: {ran.stdout[-2000:]}"
    return ran.stdout


@dataclass
class Ran:
    """A command that ended inside a machine."""

    status: int
    out: str
    err: str


class Machine:
    """One machine; see the module's paragraph."""

    def __init__(self, lab: Lab, number: int) -> None:
        self.lab, self.number = lab, number
        self.name = f"n{number}"
        self.address = f"{NET}.{number}"
        self.space = f"{lab.name}-{self.name}"
        self.place = lab.place / self.name
        self.init = 0
        """Process 1 as the host sees it; 0 while the power is off."""
        self._holder: subprocess.Popen[bytes] | None = None

    # --- power ------------------------------------------------------------------------------------

    @property
    def is_on(self) -> bool:
        """Return whether it has power."""
        return self.init != 0

    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Put a file into a directory of its own, where it outlives its power."""
        file = Path(f"{self.place}/root{path}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)

    def plug_in(self) -> None:
        """Give it a network, with a cable to the switch."""
        self.place.mkdir(exist_ok=True)
        sh(["ip", "netns", "add", self.space])
        plug, switch = f"p{self.number}", self.lab.switch
        sh(["ip", "link", "add", plug, "netns", switch, "type", "veth", "peer", "name", "eth0",
            "netns", self.space])  # fmt: skip
        sh(["ip", "-n", switch, "link", "set", plug, "master", "br0", "up"])
        batch = f"link set lo up\naddr add {self.address}/24 dev eth0\nlink set eth0 up\n"
        sh(["ip", "-n", self.space, "-b", "-"], input=batch)

    def power_on(self) -> None:
        """Boot it."""
        self.plug_in()
        ready = self.place / "ready"
        ready.unlink(missing_ok=True)
        with (self.place / "console").open("ab") as console:
            self._holder = subprocess.Popen(
                ["ip", "netns", "exec", self.space, "unshare", "-m", "-p", "-u", "--fork",
                 "--kill-child", "--mount-proc", "bash", str(HERE / "boot.sh"), self.name,
                 str(self.place), str(self.lab.agents), *OWN],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        until(ready.exists, 20, f"{self.name} boots")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text()
        self.init = int(children.split()[0])

    def power_off(self) -> float:
        """Cut its power: everything in it ends at once. Return when."""
        with self.lab.lock:
            moment = time.time()
            if not self.init:
                return moment
            self._cut()
            self.init = 0
            sh(["ip", "-n", self.lab.switch, "link", "del", f"p{self.number}"], check=False)
            if self._holder is not None:
                self._holder.wait()
            sh(["ip", "netns", "del", self.space], check=False)
            return moment

    def _cut(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may be dead already
            os.kill(self.init, signal.SIGKILL)

    # --- commands inside --------------------------------------------------------------------------

    def _inside(self, command: str) -> list[str]:
        return [
            "nsenter",
            "-t",
            str(self.init),
            "-m",
            "-p",
            "-u",
            "-n",
            "--",
            "bash",
            "-c",
            command,
        ]

    def run(self, command: str, *, check: bool = True, timeout_s: float = 120) -> Ran:
        """Run a shell command inside and wait for it."""
        done = subprocess.run(
            self._inside(command), capture_output=True, text=True, timeout=timeout_s, check=False,
            stdin=subprocess.DEVNULL, env=self.lab.environment,
        )  # fmt: skip
        assert not check or done.returncode == 0, (
            f"{self.name}: {command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def spawn(self, command: str, log: str) -> None:
        """Start a shell command inside, as a child of its process 1; *log* takes what it says."""
        self.run(f"setsid --fork {command} >>{self.place / log} 2>&1 </dev/null")

    def path(self, path: str) -> Path:
        """Return a path inside as the host sees it."""
        return Path(f"/proc/{self.init}/root{path}")

    def holds(self, address: str) -> bool:
        """Return whether one of its interfaces has *address*."""
        if not self.init:
            return False
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self.init}/net/fib_trie").read_text()
            return re.search(rf"\|-- {re.escape(address)}\n\s+/32 host LOCAL", text) is not None
        return False

    # --- its link ---------------------------------------------------------------------------------

    def cut_link(self) -> float:
        """Take its cable out; return when."""
        sh(["ip", "-n", self.lab.switch, "link", "set", f"p{self.number}", "down"])
        return time.time()

    def mend_link(self) -> float:
        """Put its cable back in; return when."""
        sh(["ip", "-n", self.lab.switch, "link", "set", f"p{self.number}", "up"])
        return time.time()

    # --- what it costs ----------------------------------------------------------------------------

    def processes(self) -> dict[int, str]:
        """Return its processes but the first: number as the host sees it, command line."""
        space = os.readlink(f"/proc/{self.init}/ns/pid")
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.init:
                with contextlib.suppress(OSError):
                    if os.readlink(entry / "ns/pid") == space:
                        words = (entry / "cmdline").read_bytes().split(b"\0")
                        line = b" ".join(words).decode(errors="replace").strip()
                        if not line.startswith("sleep "):
                            found[int(entry.name)] = line
        return found

    def pss_kb(self) -> int:
        """Return the memory of all its processes, what they share counted in shares (kB)."""
        total = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])  # type: ignore[index]
        return total

    def cpu_s(self) -> float:
        """Return the CPU that its living processes, and the dead that they reaped, have used."""
        ticks = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")


class Lab:
    """Machines n1, n2, … with a switch; see the module's paragraph."""

    keep: ClassVar = bool(os.environ.get("LAB_KEEP"))
    """Whether what the machines wrote is kept, as it is once a test has failed."""

    def __init__(self, count: int, kind: type[Machine] = Machine) -> None:
        # Its namespaces are named by the process that made them, so that two labs can stand side
        # by side, and what a dead one left is known as such.
        self.name = name = f"{NAME}{os.getpid()}"
        self.switch, self.outside = f"{name}-sw", f"{name}-out"
        self.place = Path(tempfile.mkdtemp(prefix=f"pcsx-{name}-"))
        self.agents = self.place / "agents"
        self.lock = threading.RLock()
        self.machines = [kind(self, number) for number in range(1, count + 1)]
        self.power_log: list[tuple[float, str, str]] = []
        """What the fence agent asked of the power socket: when, what, of whom."""
        self.asked: list[tuple[float, str, str]] = []
        """The same, from the moment of asking: the power may act later."""
        self.late_s = 0.0
        """For how long the power socket takes an order without acting, or answering."""
        self.comes_back = False
        """Whether a machine that was rebooted boots again."""
        self.on_boot: Callable[[Machine], None] = lambda machine: None
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PCSX_", "PYTEST_", "PYTHONDONTWRITEBYTECODE"))
        }
        self.environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self.environment["PATH"] = f"/usr/sbin:/sbin:{os.environ.get('PATH', '/usr/bin:/bin')}"

    def __getitem__(self, name: str) -> Machine:
        return next(machine for machine in self.machines if machine.name == name)

    def __enter__(self) -> Lab:
        self._sweep()
        for space in (self.switch, self.outside):
            sh(["ip", "netns", "add", space])
        sh(["ip", "-n", self.switch, "link", "add", "br0", "type", "bridge", "stp_state", "0",
            "mcast_snooping", "0"])  # fmt: skip
        sh(["ip", "-n", self.switch, "link", "set", "br0", "up"])
        sh(["ip", "link", "add", "pout", "netns", self.switch, "type", "veth", "peer", "name",
            "eth0", "netns", self.outside])  # fmt: skip
        sh(["ip", "-n", self.switch, "link", "set", "pout", "master", "br0", "up"])
        batch = f"link set lo up\naddr add {NET}.250/24 dev eth0\nlink set eth0 up\n"
        sh(["ip", "-n", self.outside, "-b", "-"], input=batch)
        self.agents.mkdir()
        agent = self.agents / "fence_pcsx_lab"
        shutil.copy(HERE / "fence_pcsx_lab.py", agent)
        agent.chmod(0o755)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.place / "power"))
        self._socket.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._socket.close()
        for machine in self.machines:
            machine.power_off()
        self._sweep()
        if error is None and not Lab.keep:
            shutil.rmtree(self.place, ignore_errors=True)
        else:
            sys.stderr.write(f"what the machines wrote is kept in {self.place}\n")

    def power_on(self, *machines: Machine) -> None:
        """Boot the machines named, or all."""
        for machine in machines or self.machines:
            machine.power_on()

    def _sweep(self) -> None:
        """Remove our namespaces and those of labs that died, and what still runs in them."""
        listed = sh(["ip", "netns", "list"])
        for space, maker in re.findall(rf"^({NAME}(\d+)-\S+)", listed, re.M):
            if int(maker) != os.getpid() and Path(f"/proc/{maker}").exists():
                continue
            for pid in sh(["ip", "netns", "pids", space], check=False).split():
                if pid.isdigit():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            sh(["ip", "netns", "del", space], check=False)

    # --- the power sockets ------------------------------------------------------------------------

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            words = client.recv(200).decode().split()
            answer = self._switched(words)
            with contextlib.suppress(BrokenPipeError):  # who asked may have lost its power by this
                client.sendall(answer.encode())

    def _switched(self, words: list[str]) -> str:
        if words[:1] == ["list"]:
            return "".join(f"{machine.name}\n" for machine in self.machines)
        action, name = (*words, "", "")[:2]
        machine = next((each for each in self.machines if each.name == name), None)
        if machine is None:
            return "unknown\n"
        if action == "status":
            return "on\n" if machine.is_on else "off\n"
        self.asked.append((time.time(), action, name))
        if self.late_s and action != "on":
            time.sleep(self.late_s)
        with self.lock:
            self.power_log.append((time.time(), action, name))
            if action in ("off", "reboot"):
                machine.power_off()
            if action == "on" or (action == "reboot" and self.comes_back):
                if not machine.is_on:
                    machine.power_on()
                self.on_boot(machine)
        return "ok\n"

    # --- the network ------------------------------------------------------------------------------

    def loss(self, percent: float) -> None:
        """Drop this share of all frames at the switch, at random; 0 ends it."""
        rule = f"numgen random mod 10000 < {int(percent * 100)} drop"
        self._rules("loss", [rule] if percent else [])

    def partition(self, *sides: Sequence[Machine]) -> float:
        """Drop frames between *sides*, links stay up; none: heal. Return when."""
        rules = [
            f"iifname {{ {_plugs(one)} }} oifname {{ {_plugs(other)} }} drop"
            for one in sides
            for other in sides
            if one is not other
        ]
        self._rules("partition", rules)
        return time.time()

    def one_way(self, sender: Machine, receiver: Machine) -> None:
        """Drop frames from *sender* to *receiver* alone."""
        self._rules("oneway", [f"iifname p{sender.number} oifname p{receiver.number} drop"])

    def open_ways(self) -> None:
        """End what `one_way` began."""
        self._rules("oneway", [])

    def _rules(self, table: str, rules: list[str]) -> None:
        text = f"table bridge {table}\ndelete table bridge {table}\n"
        if rules:
            body = "\n".join(rules)
            hook = "type filter hook forward priority 0;"
            text += f"table bridge {table} {{\nchain c {{\n{hook}\n{body}\n}}\n}}\n"
        sh(["ip", "netns", "exec", self.switch, "nft", "-f", "-"], input=text)

    def probe(self, address: str) -> Probe:
        """Begin to ask *address* from outside, every 10 ms."""
        return Probe(self, address)


def _plugs(side: Sequence[Machine]) -> str:
    return ", ".join(f"p{machine.number}" for machine in side)


@dataclass
class Seen:
    """What a probe saw: each echo's moment and whether it was answered; who said to have it."""

    echoes: list[tuple[float, bool]]
    claims: list[tuple[float, str]]
    """ARP answers: when, and from which hardware address."""
    doubled: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    """Moments at which more than one machine had the address, and which."""

    def outage_s(self, since: float) -> float:
        """Return the longest time without an answer that began or went on after *since*."""
        worst, gap, last = 0.0, None, 0.0
        for moment, answered in self.echoes:
            if not answered and gap is None:
                gap = last or moment
            if answered:
                if gap is not None and moment > since:
                    worst = max(worst, moment - gap)
                gap, last = None, moment
        if gap is not None:
            worst = max(worst, self.echoes[-1][0] - gap)
        return worst

    def back_at(self, since: float) -> float:
        """Return when the first answer after the first silence behind *since* came."""
        silent = False
        for moment, answered in self.echoes:
            if moment > since:
                if silent and answered:
                    return moment
                silent = silent or not answered
        raise AssertionError("it was never silent, or never answered again")

    def two_at_once(self) -> list[tuple[float, str, str]]:
        """Return where two hardware addresses answered within one round of asking."""
        return [
            (later, one, other)
            for (earlier, one), (later, other) in zip(self.claims, self.claims[1:], strict=False)
            if one != other and later - earlier < 0.009
        ]


class Probe:
    """Asks an address from outside, and looks into the machines for who has it, until `stop`."""

    def __init__(self, lab: Lab, address: str) -> None:
        self._lab, self._address = lab, address
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", lab.outside, sys.executable, str(HERE / "probe.py"), address],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._over = threading.Event()
        self._doubled: list[tuple[float, tuple[str, ...]]] = []
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            # The same machine's name twice in a row would be a race of this look alone.
            with self._lab.lock:
                having = tuple(m.name for m in self._lab.machines if m.holds(self._address))
            if len(having) > 1:
                self._doubled.append((time.time(), having))

    def stop(self) -> Seen:
        """End it; return what was seen."""
        self._over.set()
        self._watcher.join()
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=20)
        rows = [line.split() for line in out.splitlines()]
        echoes = [(float(row[1]), row[2] == "1") for row in rows if row[0] == "echo"]
        claims = [(float(row[1]), row[2]) for row in rows if row[0] == "arp"]
        return Seen(echoes, claims, self._doubled)


def until(true: Callable[[], object], within_s: float, what: str, step_s: float = 0.02) -> float:
    """Wait until *true*() is; return the moment it was seen; fail after *within_s*."""
    end = time.time() + within_s
    while not true():
        assert time.time() < end, f"not within {within_s:g} s: {what}"
        time.sleep(step_s)
    return time.time()


def spread(values: Sequence[float]) -> Iterator[str]:
    """Yield the median and the range of *values* for a table."""
    ordered = sorted(values)
    yield f"{ordered[len(ordered) // 2]:.2f}"
    yield f"{ordered[0]:.2f} … {ordered[-1]:.2f}"
