"""Documents that no cluster has: the engine decides or tells a finding, and always comes back.

Each goes through `pcsx simulate` and `pcsx cluster verify`, as a person would meet it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from pcsx.cib.document import Cib
from pcsx.cli import BUG, run
from pcsx.pe.assign.preferences import _Walk
from pcsx.pe.constraints import after_probes
from pcsx.pe.model import Paths
from pcsx.pe.read.meta import INSTANCES_MAX, REPLICAS_MAX
from pcsx.pe.schedule import schedule
from tests.pe.small import NOON, clone, group, primitive

_HEAD = (
    '<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9"'
    ' have-quorum="1" dc-uuid="1"><configuration><crm_config><cluster_property_set id="o">'
)
_ONLINE = 'in_ccm="true" crmd="online" join="member" expected="member"'
_STATUS = f'<node_state id="1" uname="a" {_ONLINE}/><node_state id="2" uname="b" {_ONLINE}/>'
_ABC = "".join(primitive(name) for name in "ABC")
_DEEP = 5000


def document(
    resources: str = _ABC,
    constraints: str = "",
    *,
    options: str = "",
    status: str = f"<status>{_STATUS}</status>",
    more: str = "",
) -> str:
    """Return a document of two nodes without fencing."""
    return (
        f'{_HEAD}<nvpair id="o-1" name="stonith-enabled" value="false"/>{options}'
        '</cluster_property_set></crm_config><nodes><node id="1" uname="a"/>'
        f'<node id="2" uname="b"/></nodes><resources>{resources}</resources>'
        f"<constraints>{constraints}</constraints>{more}</configuration>{status}</cib>"
    )


def circle(names: list[str]) -> str:
    """Return orders and colocations from each of *names* to the next, and from the last back."""
    return "".join(
        f'<rsc_order id="o-{a}" first="{a}" then="{b}"/>'
        f'<rsc_colocation id="c-{a}" rsc="{b}" with-rsc="{a}" score="INFINITY"/>'
        for a, b in zip(names, [*names[1:], names[0]], strict=True)
    )


def nested(tag: str, depth: int, inner: str = "") -> str:
    """Return *depth* elements within each other."""
    heads = "".join(f'<{tag} id="{tag}-{number}">' for number in range(depth))
    return f"{heads}{inner}{f'</{tag}>' * depth}"


def counted(number: int) -> str:
    """Return a unique clone that asks for *number* instances on each node and in all."""
    return clone("c", primitive("A"), f"clone-max={number} clone-node-max={number} "
                 "globally-unique=true")  # fmt: skip


def absurd(value: str) -> str:
    """Return a document whose every number is *value*."""
    names = ("cluster-delay", "batch-limit", "migration-limit", "stonith-timeout",
             "node-health-red", "shutdown-lock-limit", "no-quorum-policy")  # fmt: skip
    meta = ("resource-stickiness", "priority", "migration-threshold", "failure-timeout")
    pairs = "".join(f'<nvpair id="m-{n}" name="{n}" value="{value}"/>' for n in meta)
    return document(
        _ABC + '<primitive id="P" class="ocf" provider="pacemaker" type="Dummy">'
        f'<meta_attributes id="m">{pairs}</meta_attributes><utilization id="u">'
        f'<nvpair id="u1" name="cpu" value="{value}"/></utilization><operations>'
        f'<op id="op" name="monitor" interval="{value}" timeout="{value}" '
        f'start-delay="{value}"/></operations></primitive>',
        f'<rsc_location id="l" rsc="A" node="a" score="{value}"/>'
        f'<rsc_colocation id="c" rsc="A" with-rsc="B" score="{value}"/>'
        f'<rsc_order id="oo" first="A" then="C" score="{value}"/>',
        options="".join(f'<nvpair id="oo-{n}" name="{n}" value="{value}"/>' for n in names),
    )


def expressions(count: int) -> str:
    """Return a location by a rule of as many rules."""
    parts = "".join(
        f'<rule id="r{n}"><expression id="e{n}" attribute="x" operation="defined"/></rule>'
        for n in range(count)
    )
    return (
        f'<rsc_location id="l" rsc="A"><rule id="r" boolean-op="or">{parts}</rule></rsc_location>'
    )


def everybody(names: list[str], score: str) -> str:
    """Return a colocation of each of *names* with each other one."""
    return "".join(
        f'<rsc_colocation id="c-{a}-{b}" rsc="{a}" with-rsc="{b}" score="{score}"/>'
        for a in names
        for b in names
        if a != b
    )


def apart(count: int) -> str:
    """Return a set of which each is to be away from all before it, so that ways double."""
    refs = "".join(f'<resource_ref id="r{number}"/>' for number in range(count))
    return (
        f'<rsc_colocation id="apart" score="-100"><resource_set id="s" score="-100">{refs}'
        "</resource_set></rsc_colocation>"
    )


def forks(depth: int) -> tuple[str, str]:
    """Return resources in pairs, and colocations of each pair's both with the next one's both."""
    names = [[f"f{n}{side}" for side in "xy"] for n in range(depth)]
    tied = "".join(
        f'<rsc_colocation id="c-{a}-{b}" rsc="{a}" with-rsc="{b}" score="10"/>'
        for pair, following in pairwise(names)
        for a in pair
        for b in following
    )
    return "".join(primitive(name) for pair in names for name in pair), tied


_NAMES = [f"r{number}" for number in range(150)]
_MORE = [f"r{number}" for number in range(520)]
"""More than Python's own depth allows to follow."""
_EMPTY = (
    "<cib><configuration><crm_config><cluster_property_set/><cluster_property_set><nvpair/>"
    "</cluster_property_set></crm_config><nodes><node/></nodes><resources><primitive/><group/>"
    "<clone/><master/><bundle/><template/><foo/></resources><constraints><rsc_location/>"
    "<rsc_colocation/><rsc_order/><rsc_ticket/><rsc_order><resource_set/></rsc_order>"
    "<rsc_colocation><resource_set/></rsc_colocation><rsc_location><rule/></rsc_location>"
    "<rsc_location><rule><expression/><date_expression/><rsc_expression/><op_expression/></rule>"
    "</rsc_location></constraints><fencing-topology><fencing-level/></fencing-topology><tags>"
    "<tag/></tags></configuration><status><node_state/><node_state><lrm/></node_state>"
    "<node_state><lrm><lrm_resources><lrm_resource/><lrm_resource><lrm_rsc_op/></lrm_resource>"
    "</lrm_resources></lrm><transient_attributes/></node_state><tickets><ticket_state/></tickets>"
    "</status></cib>"
)
_ODD_RESULTS = "".join(
    f'<lrm_rsc_op id="A_{n}" operation="{task}" call-id="{call}" rc-code="{rc}" op-status="{rc}" '
    f'interval="{call}" transition-key="{key}" transition-magic="{key}" last-rc-change="{call}"/>'
    for n, (task, call, rc, key) in enumerate(
        [("monitor", "x", "y", "::::"), ("start", "-1", "9" * 30, "1:2:3"), ("", "", "", ""),
         ("promote", "9" * 5000, "8", "0:0;1:1:1:u"), ("migrate_to", "6", "0", "q")]
    )
)  # fmt: skip
_CROWD = [f"r{number}" for number in range(60)]
_THOUSANDS = "".join(
    f'<rsc_location id="l{n}" rsc="A" node="{"ab"[n % 2]}" score="{n}"/>'
    f'<rsc_colocation id="c{n}" rsc="A" with-rsc="B" score="{n}"/>'
    f'<rsc_order id="o{n}" first="A" then="C"/>'
    for n in range(1500)
)
DOCUMENTS = {
    "everybody with everybody": document("".join(map(primitive, _CROWD)), everybody(_CROWD, "5")),
    "everybody away from everybody": document(
        "".join(map(primitive, _CROWD)), everybody(_CROWD, "-INFINITY")),
    "everybody away from all before": document("".join(map(primitive, _MORE[:50])), apart(50)),
    "ways that double with each step": document(*forks(40)),
    "thousands of constraints on one": document(_ABC, _THOUSANDS),
    "constraints in a circle": document(_ABC, circle(["A", "B", "C"])),
    "constraints on oneself": document(_ABC, circle(["A"])),
    "a long circle": document("".join(map(primitive, _NAMES)), circle(_NAMES)),
    "a circle deeper than Python goes": document("".join(map(primitive, _MORE)), circle(_MORE)),
    "a long group": document(group("g", *map(primitive, _NAMES))),
    "a long group, cloned": document(clone("c", group("g", *map(primitive, _NAMES)))),
    "rules in rules": document(_ABC, f'<rsc_location id="l" rsc="A">{nested("rule", 10_000)}'
                               "</rsc_location>"),
    "rules in rules as deep as XML goes": document(
        _ABC, f'<rsc_location id="l" rsc="A">{nested("rule", 240)}</rsc_location>'),
    "ten thousand rules": document(_ABC, expressions(10_000)),
    "groups in groups": document(nested("group", _DEEP, primitive("A"))),
    "clones in clones": document(nested("clone", 200, primitive("A"))),
    "anything in anything": document(nested("x", _DEEP)),
    "a clone without end": document(counted(10**9)),
    "a clone of none": document(counted(-5)),
    "a bundle without end": document('<bundle id="b"><docker image="i" replicas="1000000000" '
        'replicas-per-host="100000"/><network ip-range-start="10.0.0.1" control-port="999999"/>'
        f'{primitive("A")}</bundle>'),
    "bundles of nothing": document('<bundle id="b"/><bundle id="c"><docker/></bundle>'),
    "ids twice": document(primitive("A") * 2 + group("A", primitive("A")),
                          '<rsc_order id="A" first="A" then="A"/>' * 2),
    "nothing in anything": _EMPTY,
    "groups of nothing": document(group("g") + clone("c", "") + clone("d", group("h"))),
    "unknown agents": document(
        '<primitive id="A" class="ocf" provider="nobody" type="nothing"/><primitive id="D"/>'
        '<primitive id="B" class="weird" type="x"/><primitive id="C" class="ocf" type="y"/>'
        '<primitive id="E" class="stonith" type="fence_none"/><primitive id="F" template="no"/>'),
    "no status": document(status=""),
    "no configuration": "<cib/>",
    "another document": "<html><body/></html>",
    "no document": "",
    "no XML": "<cib><configuration></cib>",
    "containers in each other": document("".join(
        primitive(a, meta=f"container={b}") for a, b in ("AB", "BC", "CA", "DD"))),
    "guests in each other": document("".join(
        primitive(a, meta=f"remote-node={b}") for a, b in ("Aa", "BA", "CC"))),
    "tags of each other": document(
        _ABC, '<rsc_order id="o" first="S" then="T"/>',
        more='<tags><tag id="S"><obj_ref id="T"/></tag><tag id="T"><obj_ref id="S"/></tag></tags>'),
    "references to themselves": document(
        '<template id="t" template="t"/><primitive id="A" template="t"/><primitive id="B" '
        'class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="z" id-ref="z"/>'
        '<operations id="y" id-ref="y"/></primitive>',
        '<rsc_location id="l" rsc="B"><rule id="r" id-ref="r"/></rsc_location>'),
    "a pattern that tries for ever": document(
        primitive("a" * 60 + "X"),
        '<rsc_location id="l" rsc-pattern="^(a+)+$" node="a" score="1"/>'),
    "odd results": document(status='<status><node_state id="1" uname="a" '
        f'{_ONLINE}><lrm id="1"><lrm_resources><lrm_resource id="A" class="ocf" provider='
        f'"pacemaker" type="Dummy">{_ODD_RESULTS}</lrm_resource><lrm_resource id="gone:9" '
        f'class="x" type="y">{_ODD_RESULTS}</lrm_resource></lrm_resources></lrm></node_state>'
        "</status>"),
    **{f"all numbers are {value[:12]!r}": absurd(value) for value in
       ("1e99", "--INFINITY", "nan", "", "+", "INFINITYY", "٣", "9" * 5000)},
}  # fmt: skip


@pytest.mark.parametrize("words", [("simulate", "-R", "-s", "-x"), ("cluster", "verify", "-f")],
                         ids=["simulate", "verify"])  # fmt: skip
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_gives_a_decision_or_a_message(
    name: str, words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cib.xml"
    file.write_text(DOCUMENTS[name], encoding="utf-8")
    status = run([*words, str(file)])
    said = capsys.readouterr()
    assert status in (0, 1), said.err
    assert status != BUG and "Traceback" not in said.err
    assert status == 0 or "Error: " in said.err


def test_instances_are_limited_and_the_limit_is_told() -> None:
    plan = schedule(Cib.from_bytes(document(counted(10**9)).encode()), NOON)
    starts = [action for action in plan.actions if action.task == "start" and action.instance]
    assert len(starts) <= INSTANCES_MAX
    assert any(f"c asks for {10**9} instances" in notice for notice in plan.notices)
    assert REPLICAS_MAX < INSTANCES_MAX


def test_a_container_within_itself_is_ignored_and_told() -> None:
    plan = schedule(Cib.from_bytes(DOCUMENTS["containers in each other"].encode()), NOON)
    assert [notice for notice in plan.notices if "the container is ignored" in notice] != []
    assert any(action.key == "A_start_0" for action in plan.actions)


def test_a_pattern_that_could_try_for_ever_is_ignored_and_told() -> None:
    plan = schedule(Cib.from_bytes(DOCUMENTS["a pattern that tries for ever"].encode()), NOON)
    assert [notice for notice in plan.notices if "repeats what repeats" in notice] != []


TIED: Final = {
    "everybody with everybody": (60, 60 * 59),
    "everybody away from everybody": (60, 60 * 59),
    "everybody away from all before": (50, 50 * 49 // 2),
    "ways that double with each step": (80, 4 * 39),
}
"""Documents of so many resources that so many colocations tie in more ways than can be followed."""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how often the two walks that may go everywhere take a step, from now on."""
    taken: Counter[str] = Counter()

    def counted(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def count(*given: Any) -> Any:
            taken[name] += 1
            return step(*given)

        return count

    monkeypatch.setattr(_Walk, "_ask", counted("wishes", _Walk._ask))
    monkeypatch.setattr(
        after_probes, "_only_instance", counted("restarts", after_probes._only_instance)
    )
    return taken


@pytest.mark.parametrize("name", TIED)
def test_wishes_are_not_followed_for_ever_and_that_is_told(name: str, steps: Counter[str]) -> None:
    resources, colocations = TIED[name]
    plan = schedule(Cib.from_bytes(DOCUMENTS[name].encode()), NOON)
    assert [notice for notice in plan.notices if "in too many ways" in notice] != []
    assert sum(action.task == "start" for action in plan.actions) >= min(resources, 2)
    budget = Paths()
    everyone_once = colocations * 2
    assert steps["wishes"] <= (
        budget.revisits + budget.revisits_later + budget.scans + budget.scans_later
        + everyone_once
    )  # fmt: skip


def test_wishes_of_a_few_are_followed_on_every_way() -> None:
    names = [f"r{number}" for number in range(6)]
    crowd = document("".join(map(primitive, names)), everybody(names, "5"))
    assert schedule(Cib.from_bytes(crowd.encode()), NOON).notices == ()


@pytest.mark.parametrize("tie", ["group", "orders", "colocations", "circle"])
def test_what_hangs_together_at_length_is_decided_in_few_steps(
    tie: str, steps: Counter[str]
) -> None:
    names = [f"r{number}" for number in range(250)]
    made = [primitive(name) for name in names]
    constraints = {
        "group": "",
        "orders": "".join(
            f'<rsc_order id="o-{b}" first="{a}" then="{b}"/>' for a, b in pairwise(names)
        ),
        "colocations": "".join(
            f'<rsc_colocation id="c-{b}" rsc="{b}" with-rsc="{a}"/>' for a, b in pairwise(names)
        ),
        "circle": circle(names),
    }[tie]
    text = document(group("g", *made) if tie == "group" else "".join(made), constraints)
    plan = schedule(Cib.from_bytes(text.encode()), NOON)
    assert plan.notices == ()
    starts = {action.resource for action in plan.actions if action.task == "start"}
    assert starts >= set(names)
    assert steps["wishes"] <= len(names) ** 2
    assert steps["restarts"] == 0
