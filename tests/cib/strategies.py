"""Random small documents: every shape of tree that a patch may meet, most of them no valid CIB."""

from hypothesis import strategies as st
from lxml import etree

from pcsx.cib import Cib

_TAGS = ("configuration", "group", "primitive", "meta_attributes", "nvpair", "rule")
_IDS = ("", "", "a", "b", "c", "d", "e")
_VALUES = ("", "0", "1", "x y", 'q"<&>', "é\t\n")
_attributes = st.dictionaries(st.sampled_from(("name", "value", "score")), st.sampled_from(_VALUES))


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    """Return a tree of at most *depth* levels, with ids that repeat now and then."""
    element = etree.Element(draw(st.sampled_from(_TAGS)))
    if name := draw(st.sampled_from(_IDS)):
        element.set("id", name)
    for key, value in draw(_attributes).items():
        element.set(key, value)
    if depth > 1:
        element.extend(draw(st.lists(elements(depth=depth - 1), max_size=4)))
    return element


@st.composite
def cibs(draw: st.DrawFn) -> Cib:
    """Return a document of any version with random children."""
    root = etree.Element("cib")
    for key in ("admin_epoch", "epoch", "num_updates"):
        root.set(key, str(draw(st.integers(0, 3))))
    root.extend(draw(st.lists(elements(), max_size=4)))
    return Cib(root)
