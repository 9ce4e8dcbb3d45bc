"""Two machines and a witness on a third: a partition of the pair, with every way to the witness."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.live.cluster import PCSX, SERVICE, Cluster
from tests.live.lab import Lab, Machine, until

pytestmark = pytest.mark.live

Figure = Callable[[str, str, float | str], None]


@pytest.fixture(scope="module")
def pair() -> Iterator[Cluster]:
    with Lab(3) as lab:
        made = Cluster(lab)
        lab.power_on()
        *nodes, third = lab.machines
        lab.machines = nodes
        made.form(power=False)
        made.fencing()
        third.spawn(f"{PCSX} witness --address {third.address}", "witness.log")
        until(lambda: (third.path("/var/lib/pcsx-witness/identity.key")).exists(), 20, "it runs")
        token = third.run(f"{PCSX} witness token --address {third.address}").out.strip()
        made.pcsx(f"quorum witness add {token}")
        made.web()
        made.third = third  # type: ignore[attr-defined]
        lab.comes_back = True
        yield made
        lab.machines = [*nodes, third]


def quorate(made: Cluster) -> list[Machine]:
    """Return the machines whose node has quorum, by its own word."""
    found = []
    for machine in made.lab.machines:
        ran = made.pcsx("quorum status --json", machine, check=False) if machine.is_on else None
        if ran is not None and ran.status == 0 and json.loads(ran.out)["data"]["quorate"]:
            found.append(machine)
    return found


def whole(made: Cluster) -> None:
    made.wait_online(2, 90)
    until(lambda: sum(m.holds(SERVICE) for m in made.lab.machines) == 1, 60, "one has the address")
    made.settle()


def test_of_two_that_both_reach_the_witness_just_one_goes_on(pair: Cluster, figure: Figure):
    whole(pair)
    one, other = pair.lab.machines
    probe = pair.lab.probe(SERVICE)
    cut = pair.lab.partition((one,), (other,))
    until(lambda: bool(pair.lab.power_log), 30, "the loser is fenced")
    time.sleep(3)
    assert len(quorate(pair)) == 1
    pair.lab.partition()
    whole(pair)
    seen = probe.stop()
    figure("2 nodes and a witness", "partition of the pair: address away", seen.outage_s(cut))
    assert seen.doubled == [] and seen.two_at_once() == []


def test_the_side_that_reaches_the_witness_goes_on_and_the_other_is_fenced(pair: Cluster):
    whole(pair)
    holder = pair.holder()
    (other,) = [machine for machine in pair.lab.machines if machine is not holder]
    pair.lab.power_log.clear()
    probe = pair.lab.probe(SERVICE)
    third = pair.third  # type: ignore[attr-defined]
    pair.lab.partition((holder,), (other, third))
    until(lambda: other.holds(SERVICE), 40, "the side with the witness has the address")
    assert quorate(pair) == [other]
    pair.lab.partition()
    whole(pair)
    seen = probe.stop()
    assert [line for line in pair.lab.power_log if holder.name in str(line)]
    assert seen.doubled == [] and seen.two_at_once() == []
