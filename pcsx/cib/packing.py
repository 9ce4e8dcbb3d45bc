"""A document that is kept again and again, compressed piece by piece.

What `Packer.pack` returns decompresses to `Cib.packed`. The state of each node is a piece of its
own, and a piece that did not change is neither written nor compressed anew: of a large cluster
that is nearly all of it, after one failure. Deflate lets pieces be joined where each was flushed
in full, and the sum at the end (Adler-32) follows from those of the pieces.
"""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

from lxml import etree

from pcsx.cib.document import Cib

_LEVEL: Final = 1
_HEADER: Final = b"\x78\x01"
_END: Final = b"\x03\x00"
"""The last block of deflate, with nothing in it."""
_PRIME: Final = 65521
_NODE: Final = "node_state"
_ENCODING: Final = "UTF-8"


class _Piece(NamedTuple):
    """What a part of the text comes to."""

    deflated: bytes
    length: int
    adler: int


class Packer:
    """Packs one document after another; not for two threads."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Piece] = {}
        self._configuration: _Piece | None = None

    def changed(self, nodes: frozenset[str] | None) -> None:
        """Forget the pieces of the *nodes* of these names; None: of everything."""
        if nodes is None:
            self._nodes.clear()
            self._configuration = None
        for name in nodes or ():
            self._nodes.pop(name, None)

    def pack(self, cib: Cib) -> bytes:
        """Return *cib* compressed; all that differs from the last one was told to `changed`."""
        root = cib.tree
        names = [state.get("uname") for state in root.iterfind(f"status/{_NODE}")]
        if root.nsmap or not len(root) or None in names or len(set(names)) != len(names):
            return zlib.compress(cib.packed(), _LEVEL)
        pieces = [_piece(_opening(root))]
        for child in root:
            if child.tag == "status" and len(child):
                pieces.append(_piece(_opening(child)))
                pieces += [self._state(each) for each in child]
                pieces.append(_piece(b"</status>"))
            elif child.tag == "configuration":
                if self._configuration is None:
                    self._configuration = _piece(_text(child))
                pieces.append(self._configuration)
            else:
                pieces.append(_piece(_text(child)))
        pieces.append(_piece(b"</cib>"))
        return _joined(pieces)

    def _state(self, state: etree._Element) -> _Piece:
        name = state.get("uname") if state.tag == _NODE else None
        if name is None:
            return _piece(_text(state))
        known = self._nodes.get(name)
        if known is None:
            known = self._nodes[name] = _piece(_text(state))
        return known


def _text(element: etree._Element) -> bytes:
    """Return *element* as it stands within a document of that encoding."""
    text = etree.tostring(element, encoding=_ENCODING, with_tail=False)
    return bytes(text)


def _opening(element: etree._Element) -> bytes:
    shallow = etree.Element(element.tag)
    for name, value in element.items():
        shallow.set(name, value)
    return _text(shallow).removesuffix(b"/>") + b">"


def _piece(text: bytes) -> _Piece:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    return _Piece(deflated, len(text), zlib.adler32(text))


def _joined(pieces: list[_Piece]) -> bytes:
    low, high = 1, 0
    for piece in pieces:
        more, most = piece.adler & 0xFFFF, piece.adler >> 16
        high = (high + most + piece.length * (low - 1)) % _PRIME
        low = (low + more - 1) % _PRIME
    adler = (high << 16 | low).to_bytes(4, "big")
    return b"".join((_HEADER, *(piece.deflated for piece in pieces), _END, adler))
