"""Laws of asking agents what they are."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from pcsx.agents import AgentMetadata, Exit, Host
from pcsx.cib import Cib
from pcsx.cib.agents import agents_of
from pcsx.daemon.describer import AGAIN_MS, Describer, DescriberEffect
from pcsx.daemon.effects import Spawn
from pcsx.daemon.events import ChildExited, Tick
from pcsx.values import Now

A, B, C = (("ocf", "heartbeat", name) for name in "ABC")
XML = b"<resource-agent name='A'/>"


def at(ms: int) -> Now:
    return Now(ms, datetime(2026, 1, 1, tzinfo=UTC))


def describer() -> tuple[Describer, dict[tuple[str, str, str], AgentMetadata]]:
    known: dict[tuple[str, str, str], AgentMetadata] = {}
    return Describer(Host(python="p"), children=count(1), metadata=known), known


def asked(effects: list[DescriberEffect]) -> list[str]:
    return [e.invocation.argv[0].rpartition("/")[2] for e in effects if isinstance(e, Spawn)]


def test_two_are_asked_at_a_time_and_each_once():
    machine, known = describer()
    assert asked(machine.want((A, B, C), at(0))) == ["A", "B"]
    assert machine.want((A, B, C), at(1)) == []
    assert machine.owns(1)
    assert asked(machine.step(ChildExited(1, Exit(code=0, stdout=XML)), at(2))) == ["C"]
    assert A in known and not machine.owns(1)
    assert machine.want((A, B, C), at(3)) == []


def test_who_does_not_answer_is_asked_again_later():
    machine, known = describer()
    machine.want((A,), at(0))
    for exit in (Exit(code=1), Exit(errno=2), Exit(code=0, stdout=b"?"), Exit(code=0)):
        [note] = machine.step(ChildExited(1, exit), at(10))
        assert "does not describe itself" in str(note)
        assert machine.deadline_ms == 10 + AGAIN_MS
        machine.want((), at(10))
        machine, known = describer()
        machine.want((A,), at(0))
    machine.step(ChildExited(1, Exit(code=1)), at(10))
    assert machine.step(Tick(), at(AGAIN_MS)) == []
    assert asked(machine.step(Tick(), at(AGAIN_MS + 10))) == ["A"]
    assert known == {}


def test_units_and_what_is_not_wanted_any_more_are_not_asked():
    machine, _ = describer()
    assert machine.want((("systemd", "", "x"),), at(0)) == []
    machine.want((A, B, C), at(0))
    machine.want((A, B), at(0))
    assert machine.step(ChildExited(1, Exit(code=0, stdout=XML)), at(1)) == []


def test_the_agents_of_a_document_are_those_of_its_resources_and_templates():
    cib = Cib.from_bytes(
        b"""<cib><configuration><resources>
        <template id="t" class="ocf" provider="heartbeat" type="B"/>
        <primitive id="x" template="t"/>
        <group id="g"><primitive id="y" class="systemd" type="nginx"/></group>
        <primitive id="z" class="ocf" provider="heartbeat" type="B"/>
        </resources></configuration></cib>"""
    )
    assert agents_of(cib) == (("ocf", "heartbeat", "B"), ("systemd", "", "nginx"))
    assert agents_of(Cib.from_bytes(b"<cib/>")) == ()
