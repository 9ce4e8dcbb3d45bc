"""Ids of the configuration by kind, for completion in the shells outside: nothing else is loaded.

`python -X importtime` is the judge of this module: no click, no lxml, no engine. The document is
read by expat from the file or from the daemon, and what cannot be read has no ids.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Final
from xml.parsers import expat

_KINDS: Final = {
    "primitive": "primitive", "group": "group", "clone": "clone", "master": "clone",
    "bundle": "bundle", "template": "template", "rsc_location": "location",
    "rsc_colocation": "colocation", "rsc_order": "order", "rsc_ticket": "ticket", "tag": "tag",
    "alert": "alert", "recipient": "recipient", "acl_role": "role", "acl_target": "user",
    "acl_group": "usergroup", "acl_permission": "permission", "op": "operation", "rule": "rule",
    "node": "node", "cluster_property_set": "set", "meta_attributes": "set",
}  # fmt: skip
"""As `facts` has them, which may not be loaded here; a test keeps both the same."""


def main(words: Sequence[str]) -> int:
    """Print the ids of the kinds that *words* name; `-f FILE` may stand before them."""
    rest = list(words)
    file = ""
    while rest[:1] == ["-f"]:
        file, rest = rest[1] if len(rest) > 1 else "", rest[2:]
    wanted = set(rest)
    try:
        document = _file(file) if file else _live()
        found = list(dict.fromkeys(_ids(document, wanted)))
    except (OSError, ValueError, expat.ExpatError):
        return 0
    sys.stdout.write("".join(f"{id}\n" for id in found))
    return 0


def _file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(80 << 20)


def _live() -> bytes:
    """Return the document of the local daemon, which has a moment to answer."""
    import json
    import socket
    import struct

    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(1.0)
        link.connect(os.environ.get("PCSX_SOCKET") or "/run/pcsx/pcsx.sock")
        request = json.dumps({"id": 1, "do": "cib", "bare": True}).encode()
        link.sendall(struct.pack(">I", len(request)) + request)
        stream = link.makefile("rb")
        while True:
            (length,) = struct.unpack(">I", stream.read(4).rjust(4, b"\0"))
            if not length:
                return b""
            answer = json.loads(stream.read(length))
            if "error" in answer:
                return b""
            if "ok" in answer:
                return str(answer["ok"]["cib"]).encode()


def _ids(document: bytes, wanted: set[str]) -> Iterator[str]:
    found: list[str] = []
    depth_of_status = 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth_of_status
        if tag == "status" or depth_of_status:
            depth_of_status += 1
            return
        kind = _KINDS.get(tag, "")
        if kind == "primitive" and attributes.get("class") == "stonith":
            kind = "device"
        if kind in wanted:
            id = attributes.get("uname") if kind == "node" else attributes.get("id")
            found.append(id or "")

    def end(tag: str) -> None:
        nonlocal depth_of_status
        depth_of_status = max(depth_of_status - 1, 0)

    def refuse(*_: object) -> None:
        raise ValueError("a document has no entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.EntityDeclHandler = refuse
    parser.Parse(document, True)
    yield from (id for id in found if id and not any(letter.isspace() for letter in id))
