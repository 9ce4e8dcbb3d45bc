"""What running agents costs, beside Pacemaker in the same run: `python -m tests.bench.executor`.

    python -m tests.bench.executor [COUNT]      COUNT Dummies on 3 nodes, 200 if none is given

Up to 500 they are probed and monitored every 60 s; more of them neither, as the peer's figures were
taken. Needs root and the shared lab; without the peers' only our own figures are printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.bench.figures import compared, median
from tests.bench.operation import own_cpu_ms
from tests.bench.peers import absent, pacemaker
from tests.live.cluster import Cluster
from tests.live.lab import Lab, until

MONITORED_MAX: Final = 500
LIMIT_S: Final = 400.0
STATE: Final = "Dummy-r*.state"
OPERATION: Final = "one operation, p50"
OWN_CPU: Final = "own CPU of the executor, ms an operation"
BY_HAND: Final = "by hand"
RECOVERED: Final = "failed monitor → started again"
Row = tuple[str, list[float], str, list[float], float]


def main(count: int) -> None:
    """Measure ours, then theirs, and print both."""
    ours = measured_ours(count)
    theirs: dict[str, float] = {}
    if reason := absent():
        print(f"the peer is left out: {reason}")
    else:
        theirs = measured_theirs(count)
    ours[OWN_CPU] = own_cpu_ms()
    goals = {"all started": 0.5, "taken over": 0.5, "PSS, MB": 1.0, RECOVERED: 1.0, OWN_CPU: 1.0}
    by_hand = ours.pop(BY_HAND)
    rows: list[Row] = [
        (what, [value], "the same", [theirs[what]] if what in theirs else [], goals.get(what, 0.0))
        for what, value in ours.items()
        if what != OPERATION
    ]
    rows.append((OPERATION, [ours[OPERATION]], BY_HAND, [by_hand], 0.0))
    kind = "with probes and monitors" if count <= MONITORED_MAX else "without probes and monitors"
    print(f"\n{count} Dummies on 3 nodes, {kind}, seconds unless said otherwise:\n")
    print(compared(rows))


def dummies(count: int) -> str:
    """Return the resources as XML."""
    monitor = '<operations><op id="{id}-m" name="monitor" interval="60s"/></operations>'
    text = "".join(
        f'<primitive id="r{n}" class="ocf" provider="pacemaker" type="Dummy">'
        + (monitor.format(id=f"r{n}") if count <= MONITORED_MAX else "")
        + "</primitive>"
        for n in range(count)
    )
    return f"<resources>{text}</resources>"


def running(nodes: list[Any]) -> int:
    """Return how many Dummies run, by their state files."""
    return sum(len(list(Path(node.path("/run")).glob(STATE))) for node in nodes)


def waited(nodes: Callable[[], list[Any]], count: int, what: str) -> float:
    """Return the moment at which *count* Dummies run."""
    return until(lambda: running(nodes()) >= count, LIMIT_S, what, 0.05)


# --- ours -----------------------------------------------------------------------------------------


def measured_ours(count: int) -> dict[str, float]:
    """Return our figures."""
    found: dict[str, float] = {}
    with Lab(3) as lab:
        made = Cluster(lab)
        made.form()
        made.fencing()
        if count > MONITORED_MAX:
            made.pcsx("property set enable-startup-probes=false")
        made.pcsx("property set stop-all-resources=true")
        base = Path(lab.machines[0].place / "root/etc/pcsx/cib.xml")
        made.pcsx("cluster cib /etc/pcsx/cib.xml")
        text = base.read_text()
        inside = dummies(count).removeprefix("<resources>").removesuffix("</resources>")
        base.write_text(text.replace("</resources>", f"{inside}</resources>", 1))
        made.pcsx("cluster cib-push /etc/pcsx/cib.xml --force")
        made.pcsx("status wait 300")
        began = time.time()
        made.pcsx("property set stop-all-resources=false")
        found["all started"] = waited(lambda: lab.machines, count, "all started") - began
        made.pcsx("status wait 300")
        found["PSS, MB"] = max(machine.pss_kb() for machine in lab.machines) / 1024
        found[OPERATION] = _operation(made)
        found[BY_HAND] = _by_hand(lab)
        if count <= MONITORED_MAX:
            found[RECOVERED] = _recovered(made)
        victim = next(m for m in lab.machines if m is not made.dc())
        moment = victim.power_off()
        alive = [machine for machine in lab.machines if machine.is_on]
        until(lambda: lab.power_log, 60, "fencing is asked for", 0.005)
        fenced = lab.power_log[0][0]
        ended = waited(lambda: alive, count, "all taken over")
        found["silence noticed and fenced"] = fenced - moment
        found["taken over"] = ended - fenced
    return found


def _operation(made: Cluster) -> float:
    """Return the median time of a start as the daemon saw it, from its own diary."""
    import json

    told = json.loads(made.pcsx("resource timing --json").out)["data"]
    return median([each["p50_ms"] / 1000 for each in told if each["task"] == "start"])


def _by_hand(lab: Lab) -> float:
    """Return the median time of the same agent called by hand, eight at once as the daemon does."""
    script = (
        "export OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=x$1; "
        "s=$(date +%s%N); /usr/lib/ocf/resource.d/pacemaker/Dummy start; e=$(date +%s%N); "
        "echo took $(((e - s) / 1000)); /usr/lib/ocf/resource.d/pacemaker/Dummy stop"
    )
    ran = lab.machines[0].run(f"seq 64 | xargs -P 8 -I {{}} bash -c '{script}' x {{}}")
    return median([int(each) / 1e6 for each in re.findall(r"took (\d+)", ran.out)])


def _recovered(made: Cluster) -> float:
    """Return how long it takes from a monitor's failure until the resource was started again."""
    (node,) = made.where("r0")
    machine = made.lab[node]
    Path(machine.path("/run/Dummy-r0.state")).unlink()
    log = machine.place / "daemon.log"
    pattern = re.compile(r"^(\S+) lrm r0 (monitor failed|start ok)", re.M)

    def seen() -> list[tuple[str, str]]:
        found = pattern.findall(log.read_text(errors="replace"))
        at = next((n for n, each in enumerate(found) if each[1] == "monitor failed"), None)
        return found[at:] if at is not None else []

    until(lambda: any(what == "start ok" for _, what in seen()), 90, "recovered")
    first = seen()[0][0]
    last = next(stamp for stamp, what in seen() if what == "start ok")
    return (_moment(last) - _moment(first)) / timedelta(seconds=1)


def _moment(stamp: str) -> datetime:
    return datetime.strptime(f"{stamp} +0000", "%H:%M:%S.%f %z")


# --- theirs ---------------------------------------------------------------------------------------


def measured_theirs(count: int) -> dict[str, float]:
    """Return Pacemaker's figures."""
    found: dict[str, float] = {}
    with pacemaker(3) as peer:
        lab = peer.lab
        if count > MONITORED_MAX:
            peer.option(enable_startup_probes="false")
        peer.option(stop_all_resources="true")
        peer.cib(dummies(count), "resources")
        peer.settled(300)
        began, used = time.time(), _execd_cpu_s(lab.nodes)
        peer.option(stop_all_resources="false")
        found["all started"] = waited(lambda: lab.nodes, count, "theirs started") - began
        peer.settled(300)
        operations = count * 2 if count <= MONITORED_MAX else count  # a start, and a monitor
        found[OWN_CPU] = (_execd_cpu_s(lab.nodes) - used) * 1000 / operations
        memory = [sum(pss for _, pss in node.memory().values()) / 1024 for node in lab.nodes]
        found["PSS, MB"] = max(memory)
        if count <= MONITORED_MAX:
            found[RECOVERED] = _their_recovery(peer)
        victim = next(node for node in lab.nodes if node is not peer.dc())
        lab.power_log.clear()
        moment = victim.power_off()
        until(lambda: lab.power_log, 90, "their fencing is asked for", 0.005)
        fenced = lab.power_log[0][0]
        alive = [node for node in lab.nodes if node.alive]
        ended = waited(lambda: alive, count, "theirs taken over")
        found["silence noticed and fenced"] = fenced - moment
        found["taken over"] = ended - fenced
    return found


def _execd_cpu_s(nodes: list[Any]) -> float:
    """Return the CPU that their executors used themselves so far, without that of agents."""
    ticks = 0
    for node in nodes:
        for pid, command in node.pids().items():
            if command == "pacemaker-execd":
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _their_recovery(peer: Any) -> float:
    began = time.time()
    node = next(n for n in peer.nodes if Path(n.path("/run/Dummy-r0.state")).exists())
    Path(node.path("/run/Dummy-r0.state")).unlink()
    failed = r"r0_monitor_60000.*not running"
    started = r"Result of start operation for r0 .*ok"
    until(lambda: peer.logs(peer.nodes, "pacemaker", began, failed), 90, "noticed")
    noticed = peer.logs(peer.nodes, "pacemaker", began, failed)[0][0]
    until(lambda: peer.logs(peer.nodes, "pacemaker", noticed, started), 90, "recovered")
    return peer.logs(peer.nodes, "pacemaker", noticed, started)[0][0] - noticed


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
