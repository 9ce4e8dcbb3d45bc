"""Our fence agents, run for real: what they call off is off."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcsx.agents import (
    AgentName,
    Exit,
    Host,
    Invocation,
    fence_invocation,
    metadata_invocation,
    parse_metadata,
)
from pcsx.agents.bundled import FENCE_AGENTS
from tests.agents.bundled.warm import Warm
from tests.agents.running import run

HOST = Host(node="n1")
RIGS = Path(__file__).parents[3] / ".." / "shared" / "rigs"


def call(agent: str, action: str, target: str = "", **params: str) -> Invocation:
    made = fence_invocation(agent, action, params, HOST, timeout_ms=60_000, target=target)
    assert isinstance(made, Invocation)
    return made


def fence(agent: str, action: str, target: str = "", **params: str) -> Exit:
    return run(call(agent, action, target, **params))


class Asked:
    """An agent that is loaded once; what its calls have in common."""

    def __init__(self, agent: str, warm: Warm, **common: str) -> None:
        self.agent, self.warm, self.common = agent, warm, common

    def __call__(self, action: str, target: str = "", **params: str) -> Exit:
        return self.warm.run(call(self.agent, action, target, **{**self.common, **params}))


@pytest.mark.parametrize("agent", sorted(FENCE_AGENTS))
def test_an_agent_describes_itself_whole_with_old_names(agent: str):
    made = metadata_invocation(AgentName("stonith", "", agent), HOST)
    assert isinstance(made, Invocation)
    answer = run(made)
    assert answer.code == 0
    metadata = parse_metadata(answer.stdout)
    assert metadata.name == agent and metadata.shortdesc and metadata.longdesc
    assert all(parameter.shortdesc for parameter in metadata.parameters)
    for action in ("on", "off", "reboot", "status", "monitor", "metadata", "validate-all"):
        assert metadata.has_action(action), action
    renamed = {old for parameter in metadata.parameters for old in parameter.obsoletes}
    assert renamed == {parameter.name for parameter in metadata.parameters if parameter.deprecated}


@pytest.mark.parametrize("agent", sorted(FENCE_AGENTS))
def test_metadata_is_also_answered_on_stdin(agent: str):
    assert b"<resource-agent" in fence(agent, "metadata").stdout


@pytest.mark.parametrize("agent", sorted(FENCE_AGENTS))
def test_missing_parameters_are_a_failure_that_is_told(agent: str):
    for action in ("off", "sing"):
        answer = fence(agent, action, "n2")
        assert answer.code == 1 and answer.stderr.startswith(agent.encode())


# --- the demonstration ----------------------------------------------------------------------------


class Demo:
    """Nodes of a demonstration: a few processes each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "power"
        self.directory.mkdir()
        self.root = directory
        self.children: list[subprocess.Popen[bytes]] = []

    def node(self, name: str, *lines: str) -> Path:
        run_dir = self.root / name
        (run_dir / "agents").mkdir(parents=True)
        text = "\n".join([f"run={run_dir}", *lines, "power=on", ""])
        (self.directory / name).write_text(text)
        return run_dir

    def process(self, script: str, **env: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(["/bin/sh", "-c", script], env={"PATH": "/usr/bin:/bin", **env})
        self.children.append(child)
        return child

    def ask(self, action: str, target: str = "") -> Exit:
        return fence("fence_pcsx_demo", action, target, state_dir=str(self.directory))


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    rig = Demo(tmp_path)
    yield rig
    for child in rig.children:
        child.kill()
        child.wait()


def test_off_ends_all_processes_of_the_node_and_of_no_other(demo: Demo):
    mine, other = demo.node("n2"), demo.node("n3")
    supervisor = demo.process("sleep 60 & sleep 60", PCSX_RUN_DIR=str(mine))
    service = demo.process("trap '' TERM; exec setsid sleep 60", PCSX_RUN_DIR=str(mine))
    neighbour = demo.process("exec sleep 60", PCSX_RUN_DIR=str(other))
    stranger = demo.process("exec sleep 60", PCSX_RUN_DIR=str(mine) + "x")
    (mine / "agents" / "dummy.state").write_text("x")
    assert demo.ask("status", "n2").code == 0
    began = time.monotonic()
    assert demo.ask("off", "n2").code == 0
    assert time.monotonic() - began < 5
    assert supervisor.wait(5) == -9 and service.wait(5) == -9
    assert neighbour.poll() is None and stranger.poll() is None
    assert demo.ask("status", "n2").code == 2
    assert demo.ask("status", "n3").code == 0
    assert list((mine / "agents").iterdir()) == []


def test_named_processes_and_all_below_them_are_ended_too(demo: Demo):
    child = demo.process("env -i /bin/sleep 60 & wait")
    began = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    demo.node("n2", f"pid={child.pid} {began}")
    assert demo.ask("off", "n2").code == 0
    assert child.wait(5) == -9


def test_a_number_that_is_another_process_by_now_is_left_alone(demo: Demo):
    child = demo.process("exec sleep 60")
    demo.node("n2", f"pid={child.pid} 1")
    assert demo.ask("off", "n2").code == 0
    assert child.poll() is None


def test_on_and_reboot_turn_the_switch_for_whoever_starts_nodes(demo: Demo):
    demo.node("n2")
    for action, switch, status in (("off", "off", 2), ("on", "on", 0), ("reboot", "on", 0)):
        assert demo.ask(action, "n2").code == 0
        assert f"power={switch}" in (demo.directory / "n2").read_text()
        assert demo.ask("status", "n2").code == status


def test_an_unknown_node_is_never_off(demo: Demo):
    demo.node("n2")
    for target in ("n9", "../n2", ".n2"):
        for action in ("off", "status", "reboot"):
            assert demo.ask(action, target).code == 1


def test_the_nodes_are_listed(demo: Demo):
    demo.node("n3")
    demo.node("n2")
    assert demo.ask("list").stdout == b"n2,n2\nn3,n3\n"
    assert demo.ask("monitor").code == 0


# --- BMCs -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(
    not (RIGS / "ipmi" / "bmc-rig.sh").exists() or shutil.which("ipmi_sim") is None,
    reason="the rig of simulated BMCs is not here",
)
def test_ipmi_switches_a_bmc_and_believes_only_what_it_says(tmp_path: Path):
    rig = str(RIGS / "ipmi" / "bmc-rig.sh")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.10.7", 0))
        port = str(free.getsockname()[1])
    subprocess.run(["sh", rig, "start", str(tmp_path), f"n1=127.0.10.7:{port}"], check=True)
    try:
        bmc = {"ip": "127.0.10.7", "ipport": port, "username": "admin", "password": "secret"}
        assert fence("fence_pcsx_ipmi", "status", **bmc).code == 0
        with Warm("fence_pcsx_ipmi", call("fence_pcsx_ipmi", "status")) as warm:
            ask = Asked("fence_pcsx_ipmi", warm, **bmc)
            assert ask("off", "n1").code == 0
            assert ask("status").code == 2
            assert ask("on", "n1").code == 0
            (tmp_path / "n1" / "stuck").touch()
            stuck = ask("off", "n1", power_timeout="0.3")
            assert stuck.code == 1 and b"it is not: on" in stuck.stderr
            wrong = ask("off", "n1", password="wrong")
            assert wrong.code == 1 and b"password" in wrong.stderr.lower()
    finally:
        subprocess.run(["sh", rig, "stop", str(tmp_path)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(
    not (RIGS / "redfish" / "fake_redfish.py").exists() or shutil.which("openssl") is None,
    reason="the rig of a Redfish BMC is not here",
)
def test_redfish_switches_a_bmc_whose_certificate_it_knows(tmp_path: Path):
    key, certificate = tmp_path / "bmc.key", tmp_path / "bmc.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=bmc"],
        check=True, capture_output=True,
    )  # fmt: skip
    pin = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"],
        check=True, capture_output=True, text=True,
    ).stdout.strip().partition("=")[2]  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    hook, stuck = tmp_path / "hook", tmp_path / "stuck"
    hook.write_text(f"#!/bin/sh\n! test -e {stuck}\n")
    hook.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, RIGS / "redfish" / "fake_redfish.py", "--listen", f"127.0.0.1:{port}",
         "--cert", certificate, "--key", key, "--hook", hook],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port)
        bmc = {"ip": "127.0.0.1", "ipport": port, "username": "admin", "password": "secret"}
        assert b"fingerprint" in fence("fence_pcsx_redfish", "status", **bmc).stderr
        assert fence("fence_pcsx_redfish", "status", **bmc, fingerprint=pin).code == 0
        with Warm("fence_pcsx_redfish", call("fence_pcsx_redfish", "status")) as warm:
            ask = Asked("fence_pcsx_redfish", warm, **bmc, fingerprint=pin)
            other = ask("status", fingerprint="00")
            assert other.code == 1 and b"another certificate" in other.stderr
            assert ask("off", "n1").code == 0
            assert ask("status").code == 2
            assert ask("on", "n1").code == 0
            stuck.touch()
            refused = ask("off", "n1", power_timeout="0.3")
            assert refused.code == 1 and refused.stderr
            assert ask("status").code == 0
            wrong = ask("off", "n1", password="wrong")
            assert wrong.code == 1 and b"cannot log in" in wrong.stderr
            server.kill()
            server.wait()
            gone = ask("off", "n1")
            assert gone.code == 1 and b"127.0.0.1" in gone.stderr
    finally:
        server.kill()
        server.wait()


def _wait_for(port: str) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not come up")


def test_agents_never_read_the_environment_of_python(tmp_path: Path):
    evil = tmp_path / "os.py"
    evil.write_text("raise SystemExit(99)")
    made = metadata_invocation(AgentName("stonith", "", "fence_pcsx_demo"), HOST)
    assert isinstance(made, Invocation)
    env = {**dict(made.env), "PYTHONPATH": str(tmp_path)}
    assert subprocess.run(made.argv, env=env, capture_output=True, cwd=tmp_path).returncode == 0
    assert os.path.basename(made.argv[3]) == "fence_pcsx_demo.py"
