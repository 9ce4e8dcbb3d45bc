"""The short cut of completion offers the parameters that the whole shell offers, and no others."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcsx.cli import root
from pcsx.shell import params
from pcsx.shell.reply import replies
from tests.shell.support import EMPTY

METADATA = """Some agents talk first.
<?xml version="1.0"?><resource-agent name="Service" version="1.0"><parameters>
<parameter name="path"><content type="string" default="/"/></parameter>
<parameter name="level" required="1"><content type="integer"/></parameter>
<parameter name="old" deprecated="1"><content type="string"/></parameter>
<parameter name="older"><deprecated/><content type="string"/></parameter>
<parameter name="path"><content type="string"/></parameter>
<parameter name="peer" required="true" obsoletes="pal"><content type="string"/></parameter>
</parameters><actions><action name="start" timeout="5s"/><parameter name="no"/></actions>
</resource-agent>"""


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the names of requests that a daemon with one agent was asked."""
    path, asked = tmp_path / "pcsx.sock", list[str]()
    monkeypatch.setenv("PCSX_SOCKET", str(path))
    monkeypatch.setenv("PCSX_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("PCSX_AGENT_METADATA", raising=False)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                while head := stream.read(4):
                    request = json.loads(stream.read(int.from_bytes(head, "big")))
                    asked.append(request["do"])
                    ok = {"xml": METADATA, "cib": EMPTY.decode()}
                    known = request.get("agent", "ocf:t:Service") == "ocf:t:Service"
                    answer = {"ok": ok} if known else {"error": {"code": "failed", "message": "no"}}
                    data = json.dumps({"id": request["id"], **answer}).encode()
                    stream.write(len(data).to_bytes(4, "big") + data)
                    stream.flush()

    threading.Thread(target=serve, daemon=True).start()
    yield asked
    server.close()


@pytest.mark.parametrize(
    "line",
    ["x ocf:t:Service ''", "x ocf:t:Service pa", "x ocf:t:Service level=1 ''",
     "x ocf:t:Service path=/a level=2 p", "x ocf:t:Service old"],
)  # fmt: skip
def test_it_offers_the_parameters_that_the_whole_shell_offers(
    daemon: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["resource", "create", *line.replace("''", "").split(" ")]
    assert params.main(words) == 0
    offered = capsys.readouterr().out.split()
    assert daemon == ["metadata"]
    told = [offer.text for offer in replies(root, words)]
    assert offered == [text for text in told if text.endswith("=")]
    assert line.endswith("old") or offered


def test_an_agent_takes_the_same_where_a_file_is_worked_on(
    daemon: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert params.main(["-f", "cib.xml", "resource", "create", "x", "ocf:t:Service", "pa"]) == 0
    assert capsys.readouterr().out == "path=\n"


@pytest.mark.parametrize(
    "line",
    ["resource create x ocf:t:", "resource create x ocf:t:Service op mon",
     "resource create x ocf:t:Service path=/", "resource create --force x ocf:t:Service p",
     "stonith create x fence_t p",
     "resource create x ocf:t:Other p", "resource update x p"],
)  # fmt: skip
def test_what_it_does_not_know_is_left_to_the_whole_shell(
    daemon: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert params.main(line.split()) is None
    assert capsys.readouterr().out == ""
