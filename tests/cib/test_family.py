"""Laws of families: whose histories are cleaned up with one."""

from __future__ import annotations

import pytest

from pcsx.cib.document import Cib
from pcsx.cib.family import histories_of

CIB = Cib.from_bytes(
    b"""<cib><configuration><resources>
      <primitive id="alone" class="ocf" provider="p" type="T"/>
      <group id="g"><primitive id="a" class="ocf" provider="p" type="T"/>
        <primitive id="b" class="ocf" provider="p" type="T"/></group>
      <clone id="c"><group id="cg"><primitive id="x" class="ocf" provider="p" type="T"/>
        <primitive id="y" class="ocf" provider="p" type="T"/></group></clone>
      <bundle id="B"><podman image="i" replicas="2"/>
        <network ip-range-start="10.0.0.9"/>
        <primitive id="in" class="ocf" provider="p" type="T"/></bundle>
    </resources></configuration></cib>"""
)
BUNDLE = ["in", "B-podman-0", "B-0", "B-podman-1", "B-1", "B-ip-10.0.0.9", "B-ip-10.0.0.10"]


@pytest.mark.parametrize(
    ("id", "whole", "own"),
    [
        ("alone", ["alone"], ["alone"]),
        ("g", ["a", "b"], ["a", "b"]),
        ("a", ["a", "b"], ["a"]),
        ("c", ["x", "y"], ["x", "y"]),
        ("cg", ["x", "y"], ["x", "y"]),
        ("x:1", ["x", "y"], ["x:1"]),
        ("B", BUNDLE, BUNDLE),
        ("in", BUNDLE, ["in"]),
        ("gone", ["gone"], ["gone"]),
    ],
)
def test_of_what_is_in_a_collective_the_whole_is_meant_unless_strictly(
    id: str, whole: list[str], own: list[str]
) -> None:
    assert list(histories_of(CIB, id)) == whole
    assert list(histories_of(CIB, id, strict=True)) == own
