"""What clients of real daemons change and read, through kills and cuts, is one order of changes.

Each change is a compare-and-set of a property, from what its client has just read; reads are fresh
ones. The checker is the simulator's: `tests/sim/linear.py`.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcsx.cib import Cib
from pcsx.cib.patch import diff
from pcsx.client import Client
from pcsx.errors import PcsxError
from pcsx.protocol import Commit, GetCib
from tests.live.cluster import Cluster
from tests.live.lab import Lab, Machine, until
from tests.live.test_adversity import strike_daemons
from tests.sim.cluster import set_property
from tests.sim.linear import Change, Operation, Read, first_impossible

pytestmark = pytest.mark.live

UNDONE = ("conflict", "refused")
"""Answers after which nothing was changed, for certain."""
PACE_S = 0.15
KEY_LASTS = 60
"""After so many operations another key is used as well: the checker's work grows with each."""


@pytest.fixture
def made() -> Iterator[Cluster]:
    with Lab(3) as lab:
        cluster = Cluster(lab)
        cluster.form("fast")
        cluster.fencing()
        lab.comes_back = True
        yield cluster


class Clients:
    """One client on each machine, and what each has seen."""

    def __init__(self, made: Cluster) -> None:
        self.history: list[Operation] = []
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(m,), daemon=True) for m in made.lab.machines
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> list[Operation]:
        """Stop; return all that was done, by the one clock of this machine."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.history

    def acknowledged(self) -> int:
        """Return how many changes were acknowledged."""
        return sum(isinstance(each, Change) and each.ended is not None for each in self.history)

    def _go_on(self, machine: Machine) -> None:
        chance, number = random.Random(machine.name), 0
        while not self._over.wait(PACE_S * (0.5 + chance.random())):
            number += 1
            key = f"r{len(self.history) // KEY_LASTS + chance.randrange(2)}"
            self._change(machine, key, f"{machine.name}-{number}")

    def _change(self, machine: Machine, key: str, new: str) -> None:
        path = str(machine.path("/run/pcsx/pcsx.sock"))
        try:
            with Client(path, timeout_s=8) as client:
                began = time.monotonic()
                cib = Cib.from_bytes(client.call(GetCib(bare=True, fresh=True))["cib"].encode())
                old = cib.cluster_option(key)
                self._note(Read(key, began, time.monotonic(), old))
                self._set(client, cib, key, old, new)
        except (PcsxError, OSError):
            return  # nothing was asked for

    def _set(self, client: Client, cib: Cib, key: str, old: str | None, new: str) -> None:
        patch = diff(cib, cib.edited(lambda tree: set_property(tree, key, new)))
        version = cib.version
        base = (version.admin_epoch, version.epoch, version.num_updates)
        wish = Commit(base, cib.digest, patch.to_bytes().decode(), "test", f"c-{new}", 1)
        began, ended = time.monotonic(), None
        try:
            client.call(wish)
            ended = time.monotonic()
        except PcsxError as error:
            if error.code in UNDONE:
                return
        except OSError:
            pass  # who knows whether it was done
        self._note(Change(key, began, ended, old, new))

    def _note(self, operation: Operation) -> None:
        with self._lock:
            self.history.append(operation)


def last_reads(made: Cluster, keys: set[str]) -> Iterator[Operation]:
    """Read everything once more, on every machine."""
    for machine in made.lab.machines:
        with Client(str(machine.path("/run/pcsx/pcsx.sock")), timeout_s=30) as client:
            began = time.monotonic()
            answer: Any = client.call(GetCib(bare=True, fresh=True))
            cib = Cib.from_bytes(answer["cib"].encode())
            for key in sorted(keys):
                yield Read(key, began, time.monotonic(), cib.cluster_option(key))


def kill_dc(made: Cluster) -> None:
    """End the DC's daemon in the middle of it all."""
    dc = made.told().get("cluster", {}).get("dc")
    victim = made.lab[dc] if dc else made.lab.machines[0]
    strike_daemons(victim, signal.SIGKILL)
    time.sleep(1)
    if victim.is_on and not any("pcsx daemon" in line for line in victim.processes().values()):
        made.start(victim)


def cut_dc(made: Cluster) -> None:
    """Part the DC from the others, though its client still reaches it, and mend that."""
    dc = made.told().get("cluster", {}).get("dc")
    one = made.lab[dc] if dc else made.lab.machines[0]
    made.lab.partition([one], [each for each in made.lab.machines if each is not one])
    time.sleep(2)
    made.lab.partition()


def kill_all(made: Cluster) -> None:
    """End all daemons at once, and start them again."""
    for machine in made.lab.machines:
        strike_daemons(machine, signal.SIGKILL)
    for machine in made.lab.machines:
        if machine.is_on:
            made.start(machine)


def test_what_clients_see_through_kills_and_cuts_is_one_order_of_changes(
    made: Cluster, figure: Callable[[str, str, float | str], None]
):
    made.wait_online(3)
    clients = Clients(made)
    for strike in (kill_dc, cut_dc, kill_all):
        told = clients.acknowledged()
        until(lambda told=told: clients.acknowledged() > told + 25, 60, "changes")
        strike(made)
        made.wait_online(3, 90)
    told = clients.acknowledged()
    until(lambda: clients.acknowledged() > told + 12, 60, "changes after all of it")
    history = clients.end()
    history += last_reads(made, {each.key for each in history})
    figure("3 nodes", "operations of clients, explained by one order", str(len(history)))
    assert first_impossible(history) == ""
    changes = [each for each in history if isinstance(each, Change) and each.ended is not None]
    lost = changes[len(changes) // 2]
    others = [each for each in history if each is not lost]
    assert first_impossible(others) == lost.key, "one change fewer would be noticed"
