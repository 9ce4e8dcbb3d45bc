"""Tickets in a running cluster: what needs one follows it, and its state outlives every daemon."""

from __future__ import annotations

from pcsx.protocol import GetCib, TicketSet, Tool
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Call, Cluster

GRANT = (("granted", "true"),)
REVOKE = (("granted", "false"),)


def _made() -> Cluster:
    made = Cluster(3, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)

    def bind(tree) -> None:
        part = tree.find("configuration/constraints")
        attributes = {"id": "t", "rsc": "db", "ticket": "sales", "loss-policy": "stop"}
        part.append(part.makeelement("rsc_ticket", attributes))

    call = made.commit(1, bind)
    made.until(lambda: call.done, 5000)
    made.until(lambda: made.active("db") == [], 20_000)
    return made


def _asked(made: Cluster, at: int, request) -> Call:
    call = made.ask(at, request)
    made.until(lambda: call.done, 10_000)
    return call


def test_what_needs_a_ticket_runs_while_it_is_granted_and_on_every_node_it_is_the_same():
    made = _made()
    answer = _asked(made, 2, TicketSet("sales", GRANT)).ok
    assert answer is not None and answer["changed"] and answer["state"]["granted"] == "true"
    made.until(lambda: len(made.active("db")) == 1, 20_000)
    again = _asked(made, 3, TicketSet("sales", GRANT)).ok
    assert again is not None and not again["changed"]
    for at in (1, 2, 3):
        told = _asked(made, at, GetCib()).ok
        assert told is not None and '<ticket_state id="sales" granted="true"' in told["cib"]
    _asked(made, 1, TicketSet("sales", (("standby", "true"),)))
    made.until(lambda: made.active("db") == [], 20_000)
    _asked(made, 1, TicketSet("sales", (("standby", "false"),)))
    made.until(lambda: len(made.active("db")) == 1, 20_000)
    _asked(made, 3, TicketSet("sales", REVOKE))
    made.until(lambda: made.active("db") == [], 20_000)
    assert _asked(made, 3, TicketSet("no name", GRANT)).ok is None


def test_a_ticket_outlives_the_loss_of_the_leader_and_a_restart_of_all_nodes():
    made = _made()
    _asked(made, 1, TicketSet("sales", GRANT))
    made.until(lambda: len(made.active("db")) == 1, 20_000)
    node = made.machines[1].node
    assert node is not None and node.member is not None
    made.power_off(node.member.scene.leader)
    made.until(lambda: len(made.active("db")) == 1, 60_000)
    for id in made.machines:
        made.power_off(id)
    made.run(1000)
    for id in made.machines:
        made.power_on(id)
    made.until(lambda: len(made.active("db")) == 1, 120_000)
    told = _asked(made, 1, GetCib()).ok
    assert told is not None and 'last-granted="' in told["cib"]


def test_a_ticket_manager_finds_crm_ticket_as_it_knows_it():
    made = _made()

    def tool(line: str) -> tuple[int, str]:
        said = _asked(made, 2, Tool("crm_ticket", tuple(line.split()))).ok
        assert said is not None
        return said["status"], said["stdout"]

    assert tool("-t sales -g") == (4, "")
    assert tool("-t sales -g --force") == (0, "")
    assert tool("-t sales -S owner -v 5") == (0, "")
    assert tool("-t sales -G owner") == (0, "5\n")
    assert tool("-t sales -G granted --quiet") == (0, "true\n")
    assert tool("-w") == (0, "sales\n")
    assert tool("-t sales -r") == (4, "")
    assert tool("-t other -G owner")[0] == 105
    assert tool("-t sales -C --force") == (0, "")
    assert tool("-w") == (0, "")
