"""The play: a cluster is formed, a service runs, its node is killed, others take over, it returns.

Nothing is staged but the power cut: daemons, keys, votes, fencing and agents are the real ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from typing import Any, Final

from pcsx.client import Client
from pcsx.errors import Failed, NoCluster, PcsxError, TimedOut
from pcsx.lean import dataclass
from pcsx.protocol import ClusterSetup, GetStatus, SetupNode
from pcsx.shell.demo.nodes import DemoNode, Nodes
from pcsx.shell.demo.probe import Probe
from pcsx.shell.demo.story import Story

STEADY_S: Final = 2.0
"""How long all is well before the blow."""
LIMIT_S: Final = 60.0
_LINE: Final = re.compile(r"(\d\d):(\d\d):(\d\d\.\d+) (\S+) (.*)")


@dataclass()
class Wanted:
    """How the play is to be given."""

    nodes: int = 3
    profile: str = "standard"
    as_json: bool = False


class Play:
    """One performance; `run` gives it, `close` leaves nothing behind."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.story = Story(as_json=wanted.as_json)
        self.nodes = Nodes(wanted.nodes)
        self.probe = Probe(self.nodes.service)
        self._facts: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """Give the play; return the summary's figures. Raises `PcsxError` where it fails."""
        self._form()
        self._furnish()
        self._blow()
        self._return()
        self.probe.end()
        self._facts["outage_s"] = round(self.probe.longest_gap(), 3)
        self._facts["total_s"] = round(time.monotonic() - self.story.began, 2)
        self.story.summary(self._facts, self._lines())
        return self._facts

    def close(self) -> None:
        """End every process and remove every file."""
        self.probe.end()
        self.nodes.clear()

    # --- the acts ---------------------------------------------------------------------------------

    def _form(self) -> None:
        names = " ".join(node.name for node in self.nodes.nodes)
        began = time.monotonic()
        for node in self.nodes.nodes:
            self.nodes.start(node)
        self.story.tell("daemons", f"daemons started: {names}, on loopback, in their lobbies")
        founder = self.nodes.nodes[0]
        for node in self.nodes.nodes:
            self._until(lambda node=node: os.path.exists(node.socket), f"{node.name}'s daemon")
        request = ClusterSetup(
            name="demo",
            nodes=tuple(SetupNode(node.name, (node.address,)) for node in self.nodes.nodes),
            profile=self.wanted.profile,
            timeout_ms=30_000,
        )
        with Client(founder.socket) as client:
            client.call(request, self._setup_line, timeout_s=40)
        self._until(lambda: self._online() == self.wanted.nodes, "all nodes online")
        self._facts["formation_s"] = round(time.monotonic() - began, 2)
        self.story.tell("formed", f"one quorate view of {names}; all are online")

    def _setup_line(self, line: dict[str, Any]) -> None:
        self.story.tell("setup", f"  setup: {line.get('text', '')}")

    def _furnish(self) -> None:
        host, port = self.nodes.service
        for words in (
            f"stonith create power fence_pcsx_demo state_dir={self.nodes.switches}",
            f"resource create web ocf:pcsx:http ip={host} port={port} op monitor interval=2s "
            "--group service",
            "resource create note ocf:pcsx:dummy --group service",
            "resource create sentry ocf:pcsx:dummy op monitor interval=5s clone --wait=30",
        ):
            self.story.tell("command", f"$ pcsx {words}")
            self._pcsx(words.split())
        self.probe.start()
        self._until(lambda: bool(self.probe.answers), "the first answer of the service")
        where = self._where("web")
        self.story.tell(
            "service",
            f"group service (web, note) runs on {where}, sentry everywhere; "
            f"a client asks http://{host}:{port}/ every 10 ms",
            node=where,
        )

    def _blow(self) -> None:
        self._pass_time(STEADY_S)
        victim = self.nodes.named(self._where("web"))
        for node in self.nodes.nodes:
            node.new_lines()
        struck = time.monotonic()
        self.nodes.strike(victim)
        self.story.tell("kill", f"SIGKILL to every process of {victim.name}", at=struck)
        seen: dict[str, float] = {}
        until = struck + LIMIT_S
        while time.monotonic() < until and not (
            "fenced" in seen and "started" in seen and self.probe.first_after(struck + 0.05)
        ):
            self._watch(victim, struck, seen)
            self._pass_time(0.01)
        self._watch(victim, struck, seen)
        answered = self.probe.first_after(seen.get("started", struck + 0.05) - 0.5)
        if answered is None or "fenced" not in seen:
            raise Failed(
                f"{victim.name} was not recovered from within {LIMIT_S:.0f} s",
                f"The daemons' logs are in {self.nodes.place}/n*/log.",
            )
        self.story.tell("answer", "the client is answered again", at=answered)
        self._facts |= {
            "detected_s": _after(seen.get("silence"), struck),
            "view_s": _after(seen.get("view"), struck),
            "fenced_s": _after(seen.get("fenced"), struck),
            "started_s": _after(seen.get("started"), struck),
            "recovered_s": _after(answered, struck),
            "victim": victim.name,
            "survivor": self._where("web"),
        }

    def _watch(self, victim: DemoNode, struck: float, seen: dict[str, float]) -> None:
        """Read the survivors' logs, and tell each stage when it is first seen."""
        for node in self.nodes.nodes:
            if node is victim:
                continue
            for line in node.new_lines():
                stage = _stage_of(line, victim.name)
                if stage is None or stage[0] in seen:
                    continue
                moment = max(struck, _moment_of(line))
                seen[stage[0]] = moment
                text = f"{node.name}: {stage[1]} ({moment - struck:.2f} s after the kill)"
                self.story.tell(stage[0], text, at=moment)

    def _return(self) -> None:
        victim = str(self._facts["victim"])
        began = time.monotonic()
        while not self.nodes.revive():
            if time.monotonic() - began > LIMIT_S:
                raise TimedOut(f"the power of {victim}", LIMIT_S)
            self._pass_time(0.02)
        self.story.tell("power", f"{victim} has power again; its daemon starts")
        self._until(lambda: self._online() == self.wanted.nodes, f"{victim} back in the view")
        self._facts["rejoined_s"] = round(time.monotonic() - began, 2)
        self.story.tell("rejoined", f"{victim} is back: all {self.wanted.nodes} nodes are online")

    # --- hands and eyes ---------------------------------------------------------------------------

    def _pcsx(self, words: list[str]) -> str:
        node = next(node for node in self.nodes.nodes if not node.dead)
        done = subprocess.run(
            [sys.executable, "-m", "pcsx", *words],
            env={**os.environ, "PCSX_SOCKET": node.socket},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        if done.returncode:
            raise Failed(f"pcsx {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _status(self) -> dict[str, Any]:
        for node in self.nodes.nodes:
            if node.dead:
                continue
            try:
                with Client(node.socket, timeout_s=5) as client:
                    return client.call(GetStatus())
            except (NoCluster, TimedOut):
                continue
        raise NoCluster("no daemon of the demonstration answers")

    def _online(self) -> int:
        try:
            status = self._status()
        except PcsxError:
            return 0
        if not status["cluster"]["quorate"]:
            return 0
        return sum(bool(node["online"]) for node in status["nodes"])

    def _where(self, resource: str) -> str:
        """Return the node that runs *resource*, as the cluster says."""
        found = json.loads(self._pcsx(["status", "--json"]))
        waiting = list(found["data"]["resources"])
        while waiting:
            each = waiting.pop()
            waiting += each.get("children", ())
            if each["id"] == resource and each.get("nodes"):
                return str(each["nodes"][0])
        raise Failed(f"{resource} runs nowhere")

    def _until(self, true: Any, what: str) -> None:
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > LIMIT_S:
                raise TimedOut(what, LIMIT_S, f"The logs are in {self.nodes.place}/n*/log.")
            for node in self.nodes.nodes:
                if node.daemon is not None and node.daemon.poll() is not None and not node.dead:
                    last = node.log.read_text(errors="replace").strip().splitlines()[-1:]
                    raise Failed(f"the daemon of {node.name} ended: {' '.join(last)}")
            self._pass_time(0.02)

    def _pass_time(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            self.story.show(self._live_line)
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.05))

    def _live_line(self) -> str:
        nodes = " ".join(f"{node.name} {'✗' if node.dead else '●'}" for node in self.nodes.nodes)
        answers = self.probe.answers
        if not answers:
            return f"           {nodes}"
        ago = time.monotonic() - answers[-1]
        state = "answered" if ago < 0.1 else f"no answer for {ago:.1f} s"
        return f"           {nodes}   client: {len(answers)} answers, {state}"

    def _lines(self) -> list[str]:
        facts = self._facts
        return [
            f"formed in          {facts['formation_s']:.2f} s",
            f"silence noticed    {facts['detected_s']:.2f} s after the kill",
            f"fenced             {facts['fenced_s']:.2f} s",
            f"answered again     {facts['recovered_s']:.2f} s, by {facts['survivor']}",
            f"longest outage     {facts['outage_s']:.2f} s",
            f"{facts['victim']} back in       {facts['rejoined_s']:.2f} s",
        ]


def _after(moment: float | None, struck: float) -> float | None:
    return None if moment is None else round(moment - struck, 3)


def _stage_of(line: str, victim: str) -> tuple[str, str] | None:
    """Return (event, words) of a daemon's line that tells a stage of the recovery."""
    match = _LINE.match(line)
    if match is None:
        return None
    who, text = match[4], match[5]
    if who == "ring" and text.startswith(f"gathering: {victim} "):
        return "silence", f"{victim} is silent for too long: down"
    if who == "ring" and text.startswith("view "):
        return "view", f"new {text}"
    if who == "controller" and text.startswith(f"fence {victim} "):
        return "fencing", f"decided by a quorum: {text}"
    if who == "controller" and text.startswith(f"fencing of {victim} done"):
        return "fenced", f"{victim} is off for certain"
    if who == "lrm" and text.startswith("web start ok"):
        return "started", "web started here"
    return None


def _moment_of(line: str) -> float:
    """Return when a daemon wrote *line*, as a moment of `time.monotonic`."""
    match = _LINE.match(line)
    assert match is not None
    now = datetime.now().astimezone()
    seconds = float(match[3])
    then = now.replace(
        hour=int(match[1]),
        minute=int(match[2]),
        second=int(seconds),
        microsecond=int((seconds % 1) * 1_000_000),
    )
    return time.monotonic() - max(0.0, (now - then).total_seconds())
