"""What a configuration of a thousand resources costs: `python -m tests.bench.document [COUNT]`.

Read, judged and printed as text within one process, and what the prompt offers on it: CPU, with
each line judged as it is typed. Needs neither root nor a peer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from pcsx import cli
from pcsx.cib.check import check
from pcsx.cib.document import Cib
from pcsx.cib.plain import unseal
from pcsx.cib.schema import check_shape
from pcsx.shell.agents import Agents
from pcsx.shell.complete import Adviser
from pcsx.shell.facts import Facts
from pcsx.shell.marks import Marker
from pcsx.shell.run import Run
from pcsx.shell.syntax import show
from pcsx.shell.tree import Tree
from tests.bench.figures import median

LINES = (
    "primitive p ocf:heartbeat:",
    "primitive p ocf:heartbeat:IPaddr2 params ",
    "colocation c inf: ",
    "group g r1 r2 ",
    "location l r5 100: ",
    "property ",
)


def document(count: int) -> bytes:
    """Return *count* addresses, each after the other and with a wish of its own."""
    made = "".join(
        f'<primitive id="r{n}" class="ocf" provider="heartbeat" type="IPaddr2">'
        f'<instance_attributes id="r{n}-i"><nvpair id="r{n}-i-ip" name="ip" '
        f'value="10.{n >> 16}.{n >> 8 & 255}.{n & 255}"/></instance_attributes><operations>'
        f'<op id="r{n}-m" name="monitor" interval="10s" timeout="20s"/></operations></primitive>'
        for n in range(count)
    )
    wishes = "".join(
        f'<rsc_location id="l{n}" rsc="r{n}" node="n1" score="10"/>'
        f'<rsc_order id="o{n}" first="r{n}" then="r{n + 1}"/>'
        for n in range(count - 1)
    )
    return (
        '<cib validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">'
        '<configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes>'
        f"<resources>{made}</resources><constraints>{wishes}</constraints></configuration>"
        "<status/></cib>"
    ).encode()


def _cost_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main(count: int) -> None:
    """Measure and print."""
    text = document(count)

    def whole() -> None:
        cib = Cib.from_bytes(text)
        assert not check_shape(cib)
        check(cib)
        assert len(show(unseal(cib)).splitlines()) > count

    print(f"{count} resources read, judged and printed: {_cost_s(whole):.2f} s (goal for 1000: 1)")
    facts = Facts(agents=Agents(Run([])))
    facts.take(unseal(Cib.from_bytes(text)), {"n1": "online"})
    adviser = Adviser(Tree(cli.root), facts)
    marker = Marker(adviser.tree, facts)
    for line in LINES:
        adviser.advise(("configure",), line, ask=True)  # an agent is asked once
        costs = [_cost_s(lambda it=line: adviser.advise(("configure",), it)) for _ in range(9)]  # type: ignore[misc]
        marks = [_cost_s(lambda it=line: marker.marks(("configure",), it)) for _ in range(9)]  # type: ignore[misc]
        print(
            f"'{line}': offers {median(costs) * 1000:.1f} ms, marks {median(marks) * 1000:.1f} ms "
            "(goal: under 50)"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
