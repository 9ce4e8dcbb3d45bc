"""A document packed piece by piece is the document, whatever changed of it before."""

from __future__ import annotations

import random
import zlib
from copy import deepcopy

import pytest

from pcsx.cib.document import Cib
from pcsx.cib.packing import Packer
from tests.pe.small import cluster, primitive, started, stopped


def _cib() -> Cib:
    names = ("web", "db", "ümlaut")
    return cluster(
        "".join(map(primitive, names)), nodes="a b c d",
        histories={"a": started("web"), "b": "".join(map(stopped, names)), "d": started("db")},
        attributes={"c": "standby=on"},
    )  # fmt: skip


def test_what_is_packed_unpacks_to_the_document() -> None:
    cib = _cib()
    assert zlib.decompress(Packer().pack(cib)) == cib.packed()


def test_only_what_was_told_to_have_changed_is_looked_at_again() -> None:
    packer, cib = Packer(), _cib()
    packer.pack(cib)
    tree = deepcopy(cib.tree)
    states = {state.get("uname"): state for state in tree.iterfind("status/node_state")}
    rng = random.Random(3)
    for number in range(20):
        names = frozenset(rng.sample(sorted(states), rng.randint(0, 3)))
        for name in names:
            states[name].set("told", f"{number} & more")
        tree.set("num_updates", str(number))
        packer.changed(names)
        assert zlib.decompress(packer.pack(Cib(tree))) == Cib(tree).packed()
    states["a"].set("told", "unheard")
    assert b"unheard" not in zlib.decompress(packer.pack(Cib(tree)))
    packer.changed(None)
    assert zlib.decompress(packer.pack(Cib(tree))) == Cib(tree).packed()


@pytest.mark.parametrize(
    "text",
    [
        b"<cib/>",
        b"<cib><configuration/><status/></cib>",
        b"<cib><status><tickets><ticket_state id='t'/></tickets><node_state/></status></cib>",
        b"<cib xmlns:x='y'><configuration/></cib>",
        b"<cib><status><node_state uname='a'/><node_state uname='a' id='2'/></status></cib>",
    ],
)
def test_odd_documents_are_packed_whole(text: bytes) -> None:
    cib = Cib.from_bytes(text)
    assert zlib.decompress(Packer().pack(cib)) == cib.packed()
