"""Undo, as a law: whatever was done, taking it back gives the document that was there before."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.edit import groups, nodes, properties, resources, tags
from pcsx.cib.history import History
from pcsx.cib.patch import BOOKKEEPING, diff
from pcsx.cib.replica import Change, Proposal, Replica
from pcsx.errors import Refused

START = Cib.from_bytes(
    b"""<cib validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration>
    <crm_config/><nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
    <resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/>
    <primitive id="b" class="ocf" provider="pacemaker" type="Dummy"/>
    <primitive id="c" class="ocf" provider="pacemaker" type="Dummy"/></resources>
    <constraints/></configuration><status/></cib>"""
)
Edit = Callable[[Cib], Cib]
IDS = st.sampled_from("abc")
VALUES = st.sampled_from(("", "1", "x y", "<&>\"'", "é"))
NODES = st.sampled_from(("n1", "n2"))


def _edits() -> st.SearchStrategy[Edit]:
    return st.one_of(
        st.builds(lambda i, v: lambda cib: resources.set_meta(cib, i, {"m": v}), IDS, VALUES),
        st.builds(lambda n, v: lambda cib: nodes.set_attributes(cib, n, {"k": v}), NODES, VALUES),
        st.builds(lambda v: lambda cib: properties.set_properties(cib, {"p": v}), VALUES),
        st.builds(lambda ids: lambda cib: tags.create(cib, "t", ids), st.lists(IDS, min_size=1)),
        st.builds(lambda: lambda cib: tags.delete(cib, ["t"])),
        st.builds(lambda ids: lambda cib: groups.add(cib, "g", ids), st.lists(IDS, min_size=1)),
        st.builds(lambda i: lambda cib: resources.disable(cib, [i]), IDS),
        st.builds(lambda i: lambda cib: resources.enable(cib, [i]), IDS),
    )


def _bare(cib: Cib) -> str:
    """Return the digest of *cib* without what tells when and by whom it was written."""

    def forget(root: etree._Element) -> None:
        for name in BOOKKEEPING & {str(one) for one in root.attrib}:
            del root.attrib[name]

    return cib.edited(forget).digest


@settings(max_examples=30, deadline=None)
@given(st.lists(_edits(), min_size=1, max_size=8))
def test_undo_after_any_transaction_gives_the_same_digest(edits: list[Edit]) -> None:
    replica, history = Replica(START), History(limit=100)

    def commit(new: Cib, command: str) -> bool:
        base = replica.cib
        made = replica.judge(
            Proposal(
                base=base.version, base_digest=base.digest, patch=diff(base, new).to_bytes(),
                user="root", command=command, wall="2026-01-01T00:00:00+00:00",
                client_id=command, seq=len(history.newest()),
            )
        )  # fmt: skip
        if not isinstance(made, Change):
            return False
        replica.apply(made)
        history.add(made)
        return True

    reached = [_bare(replica.cib)]
    for number, edit in enumerate(edits):
        try:
            new = edit(replica.cib)
        except Refused:
            continue
        if commit(new, f"edit {number}"):
            reached.append(_bare(replica.cib))
    for digest in reversed(reached[:-1]):
        name = history.to_undo().name
        assert commit(history.undone(replica.cib, name), f"pcsx undo {name}")
        assert _bare(replica.cib) == digest
