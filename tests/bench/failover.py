"""Failover, formation and footprint beside the peers': `python -m tests.bench.failover [RUNS]`.

Needs root. Real nodes in namespaces run a group with an address that is asked each 10 ms from
outside; the node that has it loses power, or its cable. Where the shared lab is there, Corosync and
Pacemaker do the same in the same run, one after the other; what idles stands side by side.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.bench.figures import Row, compared, median
from tests.bench.footprint import idle_rows
from tests.bench.peers import absent, measured, pacemaker
from tests.live.blows import come_back, lose
from tests.live.cluster import SERVICE, Cluster
from tests.live.lab import Lab, Machine

SETTINGS: Final = (
    (3, "standard", "default", 5.0),
    (5, "standard", "default", 5.0),
    (3, "fast", "t300", 2.0),
    (5, "fast", "t300", 2.0),
)
"""Nodes, our profile, their setting, and for how many seconds the address may be away."""
FORMATION_S: Final = 4.0


def main(runs: int) -> None:
    """Measure and print."""
    reason = absent()
    if os.geteuid() != 0:
        sys.exit("failover is measured on real nodes, which needs root")
    if shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        sys.exit("failover runs nginx on each node, and there is none: .ci/install-live")
    rows: list[Row] = []
    limits: list[tuple[str, float, float]] = []
    for count, profile, setting, limit_s in SETTINGS:
        ours = _ours(count, profile, runs)
        theirs = {} if reason else _theirs(count, setting, runs)
        case = f"{count} nodes, {profile}"
        peer = f"Corosync, {setting}"
        for what, values in ours.items():
            rows.append((f"{case}: {what}", values, peer, theirs.get(what, []), 1.0))
        limits += [
            (f"{case}: {what}", max(ours[what]), limit_s) for what in (POWER, POWER_DC, CABLE)
        ]
        limits += [(f"{case}: {what}", median(ours[what]), FORMATION_S) for what in (FIRST, AGAIN)]
    if not reason:
        rows += _idle()
    print("\nSeconds, unless said; medians, and ratios to the peers:\n")
    print(compared(rows))
    print()
    for what, value, limit in limits:
        met = "met" if value < limit else "MISSED"
        print(f"{what}: {value:.2f} s, goal under {limit:g} s: {met}")
    if reason:
        print(f"\nthe peers are left out: {reason}")


FIRST: Final = "formed, the first time"
AGAIN: Final = "formed again after all lost power"
POWER: Final = "power cut, address away"
POWER_DC: Final = "power cut of the DC, address away"
CABLE: Final = "cable cut, address away"
REJOIN: Final = "power cut, rejoined"


def _ours(count: int, profile: str, runs: int) -> dict[str, list[float]]:
    """Return what each thing took on a cluster of ours, run by run."""
    took: dict[str, list[float]] = {}

    def take(what: str, value: float) -> None:
        took.setdefault(what, []).append(value)
        print(f"  pcsx, {count} nodes, {profile}: {what}: {value:.2f} s", flush=True)

    with Lab(count) as lab:
        made = Cluster(lab)
        take(FIRST, made.form(profile))
        made.fencing()
        made.web()
        for _ in range(runs):
            take(AGAIN, made.form_again())
            made.settle()
            for what, at_dc, strike in BLOWS:
                _place(made, at_dc=at_dc)
                victim = made.holder()
                take(what, lose(made, strike).away_s)
                back_s = come_back(made, victim)
                if what == POWER:
                    take(REJOIN, back_s)
    return took


BLOWS: Final[tuple[tuple[str, bool, Callable[[Machine], float]], ...]] = (
    (POWER, False, Machine.power_off),
    (POWER_DC, True, Machine.power_off),
    (CABLE, False, Machine.cut_link),
)


def _place(made: Cluster, *, at_dc: bool) -> None:
    """See that the service is on the DC, or is not."""
    dc = made.dc()
    if (made.holder() is dc) != at_dc:
        to = dc if at_dc else next(each for each in made.lab.machines if each is not dc)
        made.pcsx(f"resource move web {to.name} --wait=30")
        made.settle()


def _theirs(count: int, setting: str, runs: int) -> dict[str, list[float]]:
    """Return the same of theirs, as far as the shared lab measures it."""
    formed = measured("formation", f"{count}", "1", setting)
    other = measured("failover", f"{count}", f"{runs}", setting, "other")
    dc = measured("failover", f"{count}", f"{runs}", setting, "dc")
    cut = measured("partition", f"{count}", f"{runs}", setting, "yes")
    return {
        FIRST: formed.get("all_online", []),
        AGAIN: formed.get("again: all_online", []),
        POWER: other.get("vip_outage", []),
        REJOIN: other.get("rejoin", []),
        POWER_DC: dc.get("vip_outage", []),
        CABLE: cut.get("vip_outage", []),
    }


def _idle() -> list[Row]:
    """Return what both cost at rest with a group and its monitors, at 3 nodes."""
    with Lab(3) as lab, pacemaker(3) as peer:
        made = Cluster(lab)
        made.form()
        made.fencing()
        # The same group as theirs: what its agents cost is the same then.
        made.pcsx(
            f"resource create vip ocf:heartbeat:IPaddr2 ip={SERVICE} cidr_netmask=24 "
            "op monitor interval=10s --group g"
        )
        made.pcsx("resource create dum ocf:pacemaker:Dummy op monitor interval=10s --group g")
        made.settle()
        time.sleep(10)
        return idle_rows(made, peer, 30.0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
