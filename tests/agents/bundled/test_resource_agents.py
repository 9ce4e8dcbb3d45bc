"""Our resource agents, run for real and without root: they keep the field's rules."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcsx.agents import (
    AgentName,
    Call,
    Exit,
    Host,
    Invocation,
    Outcome,
    invocation_of,
    metadata_invocation,
    outcome_of,
    parse_metadata,
)
from pcsx.agents.bundled import FENCE_AGENTS, RESOURCE_AGENTS
from tests.agents.running import run

AGENTS = sorted(RESOURCE_AGENTS)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(node="n1", run_dir=str(tmp_path), rsc_tmp=str(tmp_path / "tmp"))


def ask(host: Host, type_: str, task: str, *, interval_ms: int = 0, **params: str) -> Outcome:
    call = Call(("ocf", "pcsx", type_), task, "r", tuple(params.items()), interval_ms=interval_ms)
    made = invocation_of(call, host)
    assert isinstance(made, Invocation)
    return outcome_of("ocf", task, run(made))


@pytest.fixture
def http(host: Host) -> Iterator[dict[str, str]]:
    """An address for a web server, which is stopped afterwards whatever happens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield {"ip": "127.0.0.1", "port": str(port)}
    ask(host, "http", "stop")


def get(params: dict[str, str], path: str = "/") -> bytes:
    with socket.create_connection((params["ip"], int(params["port"])), timeout=5) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while chunk := client.recv(4096):
            answer += chunk
    return answer


@pytest.mark.parametrize("type_", AGENTS)
def test_an_agent_describes_itself_whole(type_: str, host: Host):
    made = metadata_invocation(AgentName("ocf", "pcsx", type_), host)
    assert isinstance(made, Invocation)
    metadata = parse_metadata(run(made).stdout)
    assert metadata.name == type_ and metadata.version == "1.1"
    assert metadata.shortdesc and metadata.longdesc
    for parameter in metadata.parameters:
        assert parameter.shortdesc and parameter.longdesc, parameter.name
        assert parameter.required or parameter.default is not None, parameter.name
    for action in ("start", "stop", "monitor", "meta-data", "validate-all"):
        assert metadata.has_action(action), action
    assert all(action.timeout_ms for action in metadata.actions)


@pytest.mark.parametrize("type_", AGENTS)
def test_start_stop_and_monitor_are_idempotent(type_: str, host: Host, http: dict[str, str]):
    params = http if type_ == "http" else {}
    rcs = [
        ask(host, type_, task, **params).rc
        for task in ("monitor", "stop", "start", "start", "monitor", "stop", "stop", "monitor")
    ]
    assert rcs == [7, 0, 0, 0, 0, 0, 0, 7]


@pytest.mark.parametrize("type_", AGENTS)
def test_an_action_that_is_none_is_unimplemented(type_: str, host: Host):
    outcome = ask(host, type_, "sing")
    assert outcome.rc == 3 and "sing" in outcome.reason


@pytest.mark.parametrize("type_", AGENTS)
def test_nodes_on_one_machine_do_not_disturb_each_other(
    type_: str, host: Host, tmp_path: Path, http: dict[str, str]
):
    ask(host, type_, "start", **(http if type_ == "http" else {}))
    other = Host(node="n2", run_dir=str(tmp_path / "other"))
    assert ask(other, type_, "monitor").rc == 7
    assert ask(other, type_, "stop").rc == 0
    assert ask(host, type_, "monitor", **(http if type_ == "http" else {})).rc == 0


def test_a_dummy_fails_as_it_is_told_but_a_probe_tells_the_truth(host: Host):
    outcome = ask(host, "dummy", "start", fail="start monitor")
    assert (outcome.rc, outcome.reason) == (1, "the parameter 'fail' asks for this")
    assert ask(host, "dummy", "monitor", fail="start monitor").rc == 7
    assert ask(host, "dummy", "monitor", fail="start monitor", interval_ms=1000).rc == 1


def test_a_dummys_parameters_are_checked(host: Host):
    assert ask(host, "dummy", "start", delay="soon").rc == 6


def test_a_dummy_can_be_reloaded_and_migrated(host: Host, tmp_path: Path):
    assert ask(host, "dummy", "reload-agent").rc == 7
    assert ask(host, "dummy", "migrate_from").rc == 0
    assert ask(host, "dummy", "reload-agent", fake="new").rc == 0
    assert (tmp_path / "agents" / "dummy-r.state").read_text() == "new\n"
    assert ask(host, "dummy", "migrate_to").rc == 0
    assert ask(host, "dummy", "monitor").rc == 7


def test_a_stateful_one_tells_its_role(host: Host):
    assert ask(host, "stateful", "promote").rc == 7
    tasks = ("start", "monitor", "promote", "monitor", "promote", "demote", "monitor", "stop")
    rcs = [ask(host, "stateful", task).rc for task in tasks]
    assert rcs == [0, 0, 0, 8, 0, 0, 0, 0]


def test_a_stateful_one_tells_its_score_to_the_cluster(host: Host, tmp_path: Path):
    tools = tmp_path / "tools"
    tools.mkdir()
    told = tmp_path / "told"
    tool = tools / "crm_attribute"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    tool.chmod(0o755)
    from dataclasses import replace

    with_tools = replace(host, compat_dir=str(tools))
    for task in ("start", "promote", "stop"):
        ask(with_tools, "stateful", task)
    assert told.read_text().splitlines() == [
        "--promotion=r --lifetime=reboot --update=5",
        "--promotion=r --lifetime=reboot --update=10",
        "--promotion=r --lifetime=reboot --delete",
    ]


def test_a_web_server_answers_who_it_is(host: Host, http: dict[str, str]):
    ask(host, "http", "start", **http)
    assert get(http).endswith(b"\r\n\r\nr runs on n1\n")
    assert get(http).startswith(b"HTTP/1.0 200 OK\r\n")


def test_a_web_server_serves_files_and_nothing_beside_them(
    host: Host, http: dict[str, str], tmp_path: Path
):
    root = tmp_path / "www"
    root.mkdir()
    (root / "index.html").write_text("<p>hello</p>")
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    assert ask(host, "http", "start", webroot=str(root), **http).rc == 0
    assert b"text/html" in get(http) and get(http).endswith(b"<p>hello</p>")
    for path in ("/../secret", "/link", "/nothing", "//../secret"):
        assert get(http, path).startswith(b"HTTP/1.0 404"), path


@pytest.mark.parametrize("request_", [b"\r\n\r\n", b"PUT / HTTP/1.1\r\n\r\n", b"\xff" * 20_000])
def test_a_web_server_survives_what_is_no_request(
    host: Host, http: dict[str, str], request_: bytes
):
    ask(host, "http", "start", **http)
    with socket.create_connection((http["ip"], int(http["port"])), timeout=5) as client:
        client.sendall(request_)
        assert client.recv(100).startswith((b"HTTP/1.0 400", b"HTTP/1.0 405"))
    assert ask(host, "http", "monitor", **http).rc == 0


def test_a_second_web_server_at_one_address_cannot_start(
    host: Host, http: dict[str, str], tmp_path: Path
):
    ask(host, "http", "start", **http)
    other = Host(node="n2", run_dir=str(tmp_path / "other"))
    outcome = ask(other, "http", "start", **http)
    assert outcome.rc == 1 and "cannot listen" in outcome.reason


def test_a_web_server_that_died_is_seen_and_started_anew(
    host: Host, http: dict[str, str], tmp_path: Path
):
    ask(host, "http", "start", **http)
    pid = int((tmp_path / "agents" / "http-r.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
        pass
    assert ask(host, "http", "monitor", **http).rc == 7
    assert ask(host, "http", "start", **http).rc == 0


def test_a_web_server_that_hangs_is_a_failure_and_can_be_stopped(
    host: Host, http: dict[str, str], tmp_path: Path
):
    ask(host, "http", "start", **http)
    pid = int((tmp_path / "agents" / "http-r.pid").read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    call = Call(("ocf", "pcsx", "http"), "stop", "r", tuple(http.items()))
    made = invocation_of(call, host)
    assert isinstance(made, Invocation)
    assert run(made).code == 0
    assert ask(host, "http", "monitor", **http).rc == 7


def test_a_pid_that_is_another_process_by_now_is_left_alone(host: Host, tmp_path: Path):
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "agents").mkdir()
        (tmp_path / "agents" / "http-r.pid").write_text(f"{sleeper.pid} 1\n")
        assert ask(host, "http", "monitor").rc == 7
        assert ask(host, "http", "stop").rc == 0
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_web_server_leaves_its_starter_s_session(
    host: Host, http: dict[str, str], tmp_path: Path
):
    ask(host, "http", "start", **http)
    pid = int((tmp_path / "agents" / "http-r.pid").read_text().split()[0])
    assert os.getsid(pid) != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"


@pytest.mark.parametrize(
    ("params", "rc"),
    [({"port": "x"}, 6), ({"port": "70000"}, 6), ({"ip": "nowhere"}, 6), ({"webroot": "/no"}, 2)],
    ids=str,
)
def test_a_web_server_s_parameters_are_checked(host: Host, params: dict[str, str], rc: int):
    assert ask(host, "http", "validate-all", **params).rc == rc
    assert ask(host, "http", "start", **params).rc == rc
    assert ask(host, "http", "stop", **params).rc == 0


def test_units_speak_through_systemctl(host: Host, tmp_path: Path):
    """With a stand-in for `systemctl`, which keeps the state of one unit in a file."""
    tools = tmp_path / "tools"
    tools.mkdir()
    state = tmp_path / "state"
    tool = tools / "systemctl"
    tool.write_text(
        f"""#!/bin/sh
case "$*" in
    *LoadState*) case "$*" in *known.service*) echo loaded ;; *) echo not-found ;; esac ;;
    *ActiveState*) cat {state} 2> /dev/null || echo inactive ;;
    start*) echo active > {state} ;;
    stop*) rm -f {state} ;;
esac
"""
    )
    tool.chmod(0o755)
    host = Host(
        node="n1",
        run_dir=str(tmp_path),
        compat_dir=str(tools),
        extra=(("PCSX_UNIT_RUN_DIR", str(tmp_path / "units")),),
    )
    (tmp_path / "units").mkdir()

    def unit(name: str, task: str) -> Exit:
        made = invocation_of(Call(("systemd", "", name), task, "r"), host)
        assert isinstance(made, Invocation)
        return run(made)

    assert [unit("known", task).code for task in ("monitor", "start", "monitor")] == [7, 0, 0]
    dropin = tmp_path / "units" / "known.service.d" / "50-pcsx.conf"
    assert "Restart=no" in dropin.read_text()
    assert [unit("known", task).code for task in ("stop", "monitor")] == [0, 7]
    assert not dropin.exists()
    assert [unit("gone", task).code for task in ("monitor", "stop", "start")] == [7, 0, 5]


def test_where_systemd_does_not_run_a_unit_is_not_here_and_a_stop_is_no_failure(tmp_path: Path):
    host = Host(
        node="n1", run_dir=str(tmp_path), extra=(("PCSX_UNIT_RUN_DIR", str(tmp_path / "none")),)
    )

    def code(task: str) -> int | None:
        made = invocation_of(Call(("systemd", "", "web"), task, "r"), host)
        assert isinstance(made, Invocation)
        return run(made).code

    assert [code(task) for task in ("monitor", "start", "stop")] == [5, 5, 0]


def test_every_bundled_file_is_one_of_those_that_are_named():
    folder = Path(__file__).parents[3] / "pcsx" / "agents" / "bundled"
    named = {"__init__.py", "fence_protocol.py", "systemd_unit.sh", "system_service.sh"}
    named |= set(RESOURCE_AGENTS.values()) | set(FENCE_AGENTS.values())
    assert {path.name for path in folder.iterdir() if path.is_file()} == named


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
