"""Laws of finding agents: what is a program is one, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcsx.agents import AgentName, Host, Installed, ocf_root_of, parse_agent


def program(path: Path, text: str = "#!/bin/sh\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    resources = tmp_path / "ocf" / "resource.d"
    program(resources / "heartbeat" / "IPaddr2")
    program(resources / "heartbeat" / "Dummy")
    program(resources / "heartbeat" / ".ocf-shellfuncs")
    (resources / "heartbeat" / "README").write_text("not a program")
    program(resources / "acme" / "Dummy")
    program(tmp_path / "sbin" / "fence_x")
    program(tmp_path / "sbin" / "other")
    program(
        tmp_path / "init.d" / "web",
        "#!/bin/sh\n### BEGIN INIT INFO\n# Short-Description: A web server\n### END INIT INFO\n",
    )
    program(tmp_path / "init.d" / "skeleton")
    units = tmp_path / "units"
    units.mkdir()
    (units / "nginx.service").write_text("[Unit]\nDescription=A proxy\n")
    (units / "vpn@.service").write_text("[Unit]\nDescription=A tunnel\n")
    (units / "data.mount").write_text("")
    (units / "x.target").write_text("")
    host = Host(
        ocf_root=str(tmp_path / "ocf"),
        fence_dir=str(tmp_path / "sbin"),
        init_dir=str(tmp_path / "init.d"),
    )
    return Installed(host, (str(units),))


def test_providers_and_types_are_those_that_are_programs(installed: Installed):
    assert installed.providers() == ["acme", "heartbeat", "pcsx"]
    assert installed.providers("Dummy") == ["acme", "heartbeat"]
    assert installed.types("ocf", "heartbeat") == ["Dummy", "IPaddr2"]
    assert installed.types("ocf") == ["Dummy", "IPaddr2", "dummy", "http", "stateful"]
    assert installed.types("lsb") == ["web"]
    assert installed.types("systemd") == ["data.mount", "nginx", "vpn@"]
    assert installed.types("service") == ["nginx", "vpn@", "web"]
    assert installed.types("nagios") == []


def test_our_own_fence_agents_are_always_there(installed: Installed):
    wanted = ["fence_pcsx_demo", "fence_pcsx_ipmi", "fence_pcsx_redfish", "fence_x"]
    assert installed.types("stonith") == wanted


def test_without_anything_installed_ours_are_all(tmp_path: Path):
    nowhere = str(tmp_path / "nowhere")
    host = Host(ocf_root=nowhere, fence_dir=nowhere, init_dir=nowhere)
    found = [str(name) for name in Installed(host, ()).agents()]
    assert found == [
        "ocf:pcsx:dummy", "ocf:pcsx:http", "ocf:pcsx:stateful", "stonith:fence_pcsx_demo",
        "stonith:fence_pcsx_ipmi", "stonith:fence_pcsx_redfish",
    ]  # fmt: skip


def test_every_agent_that_is_listed_is_found_by_its_name(installed: Installed):
    for name in installed.agents():
        path = installed.path_of(name)
        assert path is not None and path.is_file(), name
        assert parse_agent(str(name)) == name
        assert installed.fingerprint(name) is not None


def test_a_bare_type_means_all_that_are_called_so(installed: Installed):
    def means(text: str) -> list[str]:
        return [str(name) for name in installed.alternatives(text)]

    assert means("IPaddr2") == ["ocf:heartbeat:IPaddr2"]
    assert means("Dummy") == ["ocf:acme:Dummy", "ocf:heartbeat:Dummy"]
    assert means("ipaddr2") == ["ocf:heartbeat:IPaddr2"]
    assert means("ocf:IPaddr2") == ["ocf:heartbeat:IPaddr2"]
    assert means("ocf:heartbeat:Dummy") == ["ocf:heartbeat:Dummy"]
    assert means("ocf:heartbeat:Nothing") == []
    assert means("") == []


def test_instances_of_a_template_unit_are_there(installed: Installed):
    assert installed.has(AgentName("systemd", "", "vpn@home"))
    assert not installed.has(AgentName("systemd", "", "nothing"))


def test_names_that_lead_elsewhere_are_not_followed(installed: Installed):
    assert installed.path_of(AgentName("ocf", "heartbeat", "../acme/Dummy")) is None
    assert installed.path_of(AgentName("lsb", "", "")) is None


def test_units_and_init_scripts_are_described_by_their_own_files(installed: Installed):
    for text, short in (
        ("lsb:web", "A web server"),
        ("systemd:nginx", "A proxy"),
        ("systemd:vpn@home", "A tunnel"),
        ("service:web", "A web server"),
    ):
        name = parse_agent(text)
        assert name is not None
        metadata = installed.described(name)
        assert metadata is not None and metadata.shortdesc == short
        assert metadata.has_action("monitor")
    assert installed.described(AgentName("ocf", "heartbeat", "Dummy")) is None


def test_a_changed_agent_has_another_fingerprint(installed: Installed):
    name = AgentName("ocf", "heartbeat", "Dummy")
    before = installed.fingerprint(name)
    path = installed.path_of(name)
    assert path is not None
    path.write_text("#!/bin/sh\nexit 1\n")
    assert installed.fingerprint(name) != before


def test_the_root_is_the_environments_or_the_fields():
    assert ocf_root_of({"OCF_ROOT": "/opt/ocf"}) == "/opt/ocf"
    assert ocf_root_of({}) == "/usr/lib/ocf"
