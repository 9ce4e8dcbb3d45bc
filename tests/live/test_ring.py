"""The ring under attack and in trouble: one-way links, replayed and forged packets, other keys.

What these do must change nothing at all: no view, no fencing, no service that moves.
"""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcsx.daemon.ledger import Ledger
from tests.live.cluster import PCSX, SERVICE, Cluster
from tests.live.lab import HERE, Lab, Machine, sh, until
from tests.live.test_adversity import never_twice, strike_daemons
from tests.live.test_daemon import Writers
from tests.sim.cluster import set_property

pytestmark = pytest.mark.live

Figure = Callable[[str, str, float | str], None]


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with Lab(3) as lab:
        made = Cluster(lab)
        made.form()
        made.fencing()
        made.web()
        lab.comes_back = True
        yield made


def ring(machine: Machine) -> dict[str, Any]:
    """Return what `pcsx ring status` says on *machine*."""
    return dict(json.loads(machine.run(f"{PCSX} ring status --json").out)["data"])


def views(made: Cluster) -> dict[str, Any]:
    """Return the view of each machine."""
    return {machine.name: ring(machine)["view"] for machine in made.lab.machines}


def agree(made: Cluster) -> bool:
    """Return whether all answer, one that was just started too, and name one view."""
    ran = [machine.run(f"{PCSX} ring status --json", check=False) for machine in made.lab.machines]
    if any(each.status for each in ran):
        return False
    told = [json.loads(each.out)["data"]["view"] for each in ran]
    return all(told) and len({tuple(view) for view in told}) == 1


def at_rest(made: Cluster) -> dict[str, Any]:
    """Wait until all are online and nothing is left to do; return the views."""
    made.wait_online(3, 90)
    until(lambda: agree(made), 30, "one view")
    made.settle()
    made.lab.power_log.clear()
    return views(made)


def drops(machine: Machine) -> dict[str, int]:
    """Return how many packets the heart of *machine* has dropped, by their reason."""
    told = json.loads(machine.run(f"{PCSX} ring stats --json").out)["data"]
    return dict(told["drop"])


def wire(lab: Lab, *words: str, at: str = "") -> int:
    """Run `wire.py` on the switch (or *at* another namespace); return how many frames it told."""
    command = ["ip", "netns", "exec", at or lab.switch, sys.executable, str(HERE / "wire.py")]
    return int(sh([*command, *words]).split()[-1])


CONFIGURATION = re.compile(r"<configuration.*</configuration>", re.S)


def spoil(machine: Machine) -> None:
    """Put another document into the snapshots of *machine*, with checksums that are right."""
    for file in machine.path("/var/lib/pcsx").glob("*/snap/*.state"):
        meta = file.with_suffix(".meta")
        ledger = Ledger.restored(file.read_bytes())
        spoilt = ledger.replica.cib.edited(lambda tree: set_property(tree, "spoilt", "1"))
        ledger.replica._committed = spoilt
        other = ledger.snapshot()
        told = json.loads(meta.read_bytes())
        told["sha256"] = hashlib.sha256(other).hexdigest()
        file.write_bytes(other)
        meta.write_text(json.dumps(told, sort_keys=True))


def log_of(machine: Machine) -> str:
    """Return what the daemon of *machine* has said."""
    return (machine.place / "daemon.log").read_text(errors="replace")


def test_the_key_changes_under_load_without_a_change_of_view(three: Cluster):
    before = at_rest(three)
    writers = Writers(three, "rotated")
    until(lambda: len(writers.acknowledged) > 3, 60, "writes")
    three.pcsx("cluster authkey rotate --wait")
    told = len(writers.acknowledged)
    until(lambda: len(writers.acknowledged) > told + 3, 60, "writes under the other key")
    writers.end()
    assert views(three) == before
    assert three.lab.power_log == []


def test_a_nodes_own_key_changes_under_load_without_a_change_of_view(three: Cluster):
    before = at_rest(three)
    chosen = next(machine for machine in three.lab.machines if machine is not three.dc())
    identity = chosen.path("/var/lib/pcsx/identity.key")
    writers, old = Writers(three, "rekeyed"), identity.read_bytes()
    until(lambda: len(writers.acknowledged) > 3, 60, "writes")
    three.pcsx(f"cluster nodekey rotate {chosen.name}")
    told = len(writers.acknowledged)
    until(lambda: len(writers.acknowledged) > told + 3, 60, "writes under the other key")
    writers.end()
    assert identity.read_bytes() != old
    assert views(three) == before and three.lab.power_log == []
    strike_daemons(chosen, signal.SIGKILL)
    three.start(chosen)
    until(lambda: agree(three), 60, "the next life goes by the new key")


def test_a_node_whose_state_is_another_than_was_decided_takes_the_leaders(three: Cluster):
    at_rest(three)
    victim = next(machine for machine in three.lab.machines if machine is not three.dc())
    where = three.holder()
    strike_daemons(victim, signal.SIGKILL)
    spoil(victim)
    size = len(log_of(victim))
    three.start(victim)
    three.wait_online(3, 60)
    three.pcsx("property set comment-after=1 --force")
    until(lambda: "not what was decided" in log_of(victim)[size:], 30, "it notices")
    digests = [lambda m=machine: m.run(f"{PCSX} cluster cib").out for machine in three.lab.machines]
    until(lambda: len({CONFIGURATION.search(d())[0] for d in digests}) == 1, 30, "it is mended")
    assert "spoilt" not in digests[0]()
    at_rest(three)
    assert three.holder() is where or victim is where


def test_a_replayed_capture_of_an_earlier_boot_changes_nothing(three: Cluster, figure: Figure):
    at_rest(three)
    kept = three.lab.place / "earlier"
    victim = next(machine for machine in three.lab.machines if machine is not three.dc())
    strike_daemons(victim, signal.SIGKILL)
    recorder = subprocess.Popen(
        ["ip", "netns", "exec", three.lab.switch, sys.executable, str(HERE / "wire.py"),
         "capture", str(kept), "6"], stdout=subprocess.PIPE,
    )  # fmt: skip
    three.start(victim)  # so that the capture has a handshake in it
    three.wait_online(3, 60)
    recorder.communicate(timeout=30)
    strike_daemons(victim, signal.SIGKILL)
    time.sleep(0.5)
    three.start(victim)
    before = at_rest(three)
    dropped = sum(sum(drops(machine).values()) for machine in three.lab.machines)
    sent = wire(three.lab, "replay", str(kept), "5")
    assert sent > 500
    assert sum(sum(drops(m).values()) for m in three.lab.machines) > dropped
    assert views(three) == before and three.lab.power_log == []
    figure("3 nodes", "packets of an earlier boot played, no change of view", str(sent))


def test_garbage_under_the_members_addresses_changes_nothing(three: Cluster, figure: Figure):
    before = at_rest(three)
    kept = three.lab.place / "now"
    assert wire(three.lab, "capture", str(kept), "2") > 20
    dropped = sum(sum(drops(machine).values()) for machine in three.lab.machines)
    sent = wire(three.lab, "garbage", str(kept), "10", "20000")
    assert sum(sum(drops(m).values()) for m in three.lab.machines) > dropped
    assert views(three) == before and three.lab.power_log == []
    figure("3 nodes", "damaged packets a second for 10 s, no change of view", str(sent // 10))


def test_a_flood_of_forged_lobbies_changes_nothing(three: Cluster):
    before = at_rest(three)
    sent = wire(three.lab, "mdns", "10.79.0.250", "5", "5000", at=three.lab.outside)
    assert sent > 500
    assert views(three) == before and three.lab.power_log == []
    assert "forged" not in three.pcsx("status").out


def test_who_is_left_out_for_a_one_way_link_is_told_why(three: Cluster):
    at_rest(three)
    one, other = three.lab.machines[1:]
    sizes = {machine.name: len(log_of(machine)) for machine in three.lab.machines}
    three.lab.one_way(one, other)

    def told() -> list[str]:
        words = r"EXCLUDED (?:no path both ways to all of|n\d does not hear) [n\d ]+"
        texts = [log_of(machine)[sizes[machine.name] :] for machine in three.lab.machines]
        return [found[0] for text in texts if (found := re.search(words, text))]

    try:
        until(told, 30, "the reason")
        until(lambda: bool(three.lab.power_log), 30, "fencing of the one left out")
    finally:
        three.lab.open_ways()
    assert {name for _, _, name in three.lab.power_log} <= {one.name, other.name}
    assert len({name for _, _, name in three.lab.power_log}) == 1
    at_rest(three)


def test_a_dc_that_slept_for_a_minute_does_nothing_when_it_wakes(three: Cluster):
    at_rest(three)
    dc = three.dc()
    three.pcsx("property set stonith-enabled=false")
    others = [machine for machine in three.lab.machines if machine is not dc]
    strike_daemons(dc, signal.SIGSTOP)
    slept = time.time()
    until(lambda: dc.name not in three.online(others[0]) and three.online(others[0]), 60, "without")
    time.sleep(max(0.0, slept + 60 - time.time()))
    size = len(log_of(dc))
    strike_daemons(dc, signal.SIGCONT)
    three.wait_online(3, 60, others[0])
    woken = log_of(dc)[size:].partition("ring view")[0]
    begun = [line for line in woken.splitlines() if re.search(r"fencer case|lrm \S+ st?art", line)]
    assert begun == [], "it began what it had decided a minute ago"
    assert three.lab.power_log == []
    three.pcsx("property set stonith-enabled=true", others[0])


# --- without fencing, and with fencing that is late -----------------------------------------------


def test_without_fencing_a_partition_never_has_the_service_on_both_sides(figure: Figure):
    with Lab(3) as lab:
        made = Cluster(lab)
        made.form()
        made.pcsx("property set stonith-enabled=false")
        made.web()
        for _ in range(2):
            made.wait_online(3, 60)
            made.settle()
            victim = made.holder()
            others = [machine for machine in lab.machines if machine is not victim]
            probe = lab.probe(SERVICE)
            time.sleep(0.5)
            cut = lab.partition([victim], others)
            gone = until(lambda v=victim: not v.holds(SERVICE), 60, "it stops here", 0.005)
            back = until(
                lambda o=others: any(each.holds(SERVICE) for each in o),
                90,
                "it starts there",
                0.005,
            )
            seen = probe.stop()
            lab.partition()
            never_twice(seen)
            assert gone < back
            figure("3 nodes, no fencing", "cut off: service stopped there after", gone - cut)
            figure(
                "3 nodes, no fencing", "cut off: active nowhere, never on both, for", back - gone
            )


def test_two_nodes_whose_fencing_acts_late_both_come_back(figure: Figure):
    with Lab(2) as lab:
        made = Cluster(lab)
        made.form()
        made.fencing()
        made.web()
        made.wait_online(2)
        made.settle()
        lab.comes_back, lab.late_s = True, 6.0
        probe = lab.probe(SERVICE)
        time.sleep(0.5)
        lab.partition(*([machine] for machine in lab.machines))
        until(lambda: bool(lab.asked), 30, "somebody shoots")
        time.sleep(3)
        lab.partition()  # healed before the power is cut
        until(lambda: bool(lab.power_log), 30, "the power is cut")
        lab.late_s = 0.0

        def is_whole() -> bool:
            having = [machine for machine in lab.machines if machine.holds(SERVICE)]
            return len(made.online()) == 2 and len(having) == 1

        until(is_whole, 120, "both are online, and the service runs on one")
        never_twice(probe.stop())
        figure("2 nodes", "power cuts that came after the heal", str(len(lab.power_log)))
