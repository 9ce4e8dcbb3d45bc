"""No input makes a traceback: random words in both dialects, XML that is hostile or huge."""

from __future__ import annotations

import resource
from pathlib import Path
from random import Random

import pytest

from pcsx.cib import Cib
from pcsx.cib.plain import unseal
from pcsx.errors import PcsxError, Refused
from pcsx.shell.syntax import Workspace, read, show
from tests.fuzz.language import Language
from tests.fuzz.words import Words
from tests.shell.commands.conftest import shell
from tests.shell.support import Shell

__all__ = ["shell"]
INTERNAL_ERROR = 70
SHARED = Path(__file__).parents[2] / ".." / "shared" / "conformance"

NODES = b"""<cib><configuration><nodes><node id="1" uname="node1"/><node id="2" uname="node2"/>
<node id="3" uname="node3"/></nodes></configuration></cib>"""

CRM = """primitive a ocf:test:Service params path=/a op monitor interval=10s meta priority=3
primitive b @t op start timeout=5
rsc_template t ocf:test:Stateful utilization cpu=2
group g a description="x y" meta target-role=Stopped
clone c b meta interleave=true
location l g rule role=Started 100: #uname eq n1 and date gt 2026-01-01
order o Mandatory: g ( c a ) [ b g ] symmetrical=false
colocation k inf: g:Started c
rsc_ticket k2 T: g c:Promoted loss-policy=fence
fencing_topology n1: f,h i pattern:n.* f
property $id=x batch-limit=3
role r read xpath:"//x" deny ref:a
acl_target u r
tag tt: a g
alert al "/x y" attributes a=1 select attributes { b } to { v meta m=1 }
node n1: attributes site=A
bundle bu podman image=i network port-mapping port=80 storage storage-mapping target-dir=/b
xml <primitive id="z" class="lsb" type="q"/>
"""


def test_random_commands_end_with_a_status_that_is_ours(shell: Shell) -> None:
    words = Words(Random(5))
    for number in range(150):
        line = words.line()
        ran = shell("--json" if number % 3 == 0 else "--", *line)
        assert ran.status != INTERNAL_ERROR, (line, ran.err)
        assert "Traceback" not in ran.err


@pytest.mark.parametrize("seed", range(3))
def test_scrambled_text_is_read_or_refused(seed: int) -> None:
    random = Random(seed)
    tokens = CRM.split()
    for _ in range(250):
        line = CRM.splitlines()[random.randrange(CRM.count("\n"))].split()
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(line))
            match random.randrange(3):
                case 0:
                    line.pop(at)
                case 1:
                    line.insert(at, random.choice(tokens))
                case _:
                    line[at] = random.choice([*tokens, '"', "\\", "=", "$id=", "@", "{", "\0", "é"])
            if not line:
                break
        workspace = Workspace(unseal(Cib.from_bytes(b"<cib><configuration/></cib>")))
        try:
            workspace.define(read(" ".join(line)), replace=False)
        except Refused:
            continue
        text = show(workspace.root)
        again = Workspace(unseal(Cib.from_bytes(b"<cib><configuration/></cib>")))
        again.define(read(text), replace=True)
        assert show(again.root) == text, line


@pytest.mark.parametrize("seed", range(60))
def test_what_random_texts_define_is_printed_and_reads_the_same(seed: int) -> None:
    workspace = Workspace(unseal(Cib.from_bytes(NODES)))
    try:
        workspace.define(read(Language(Random(seed)).text()), replace=True)
    except Refused:
        return
    text = show(workspace.root)
    again = Workspace(unseal(Cib.from_bytes(b"<cib><configuration/></cib>")))
    again.define(read(text), replace=True)
    sections = [{s.tag: s for s in each.root.children if s.children} for each in (again, workspace)]
    assert sections[0].keys() == sections[1].keys()
    for tag, section in sections[1].items():
        if tag in ("resources", "constraints"):  # where what refers to others is printed after them
            section.children.sort(key=lambda e: e.id)
            sections[0][tag].children.sort(key=lambda e: e.id)
        assert sections[0][tag].same(section), text


def test_what_is_printed_reads_back_into_the_same_document() -> None:
    """Every document that the field's tests have, whole."""
    folder = SHARED / "scheduler" / "xml"
    if not folder.is_dir():
        pytest.skip("the shared scheduler cases are not here")
    for path in sorted(folder.glob("*.xml"))[::25]:
        root = unseal(Cib.from_bytes(path.read_bytes()))
        again = Workspace(unseal(Cib.from_bytes(b"<cib><configuration/></cib>")))
        again.define(read(show(root)), replace=True)
        assert show(again.root) == show(root), path.name


BOMB = (
    b'<!DOCTYPE cib [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><cib><configuration>&j;</configuration></cib>"
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        b'<!DOCTYPE cib [<!ENTITY x SYSTEM "file:///etc/passwd">]><cib a="&x;"/>',
        b'<!DOCTYPE cib [<!ENTITY x SYSTEM "file:///etc/passwd">]><cib>&x;</cib>',
        b'<!DOCTYPE cib SYSTEM "http://192.0.2.1/cib.dtd"><cib/>',
        b'<cib xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></cib>',
        b"<a>" * 100_000,
        b"\xff\xfe\x00",
        b"<cib>" + b"\0" + b"</cib>",
        b"<cib><configuration><resources>text</resources></configuration></cib>",
    ],
    ids=[
        "bomb",
        "entity in attribute",
        "entity",
        "dtd",
        "xinclude",
        "deep",
        "utf-16",
        "nul",
        "text",
    ],
)
def test_hostile_xml_is_refused_or_harmless(shell: Shell, text: bytes) -> None:
    shell.path.write_bytes(text)
    ran = shell("configure show")
    assert ran.status != INTERNAL_ERROR
    assert "root:" not in ran.out + ran.err


@pytest.mark.slow
def test_a_hundred_megabytes_take_bounded_memory_and_are_answered(shell: Shell) -> None:
    """Garbage of that size costs a few copies of itself, and is refused."""
    garbage = b"<cib><configuration><resources>" + b"x" * (100 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PcsxError):
        Cib.from_bytes(garbage)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 800 << 10
