"""Laws of agents' names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.agents import AgentName, parse_agent
from pcsx.values import is_secret


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ocf:heartbeat:IPaddr2", ("ocf", "heartbeat", "IPaddr2")),
        ("ocf::heartbeat:IPaddr2", ("ocf", "heartbeat", "IPaddr2")),
        ("systemd:nginx", ("systemd", "", "nginx")),
        ("systemd:a@b:c.service", ("systemd", "", "a@b:c.service")),
        ("stonith:fence_ipmilan", ("stonith", "", "fence_ipmilan")),
        ("lsb:my-script.sh", ("lsb", "", "my-script.sh")),
        ("service:nginx", ("service", "", "nginx")),
    ],
)
def test_a_full_name_has_three_parts(text: str, parts: tuple[str, str, str]):
    name = parse_agent(text)
    assert name is not None and name.key == parts


@pytest.mark.parametrize(
    "text",
    ["", "IPaddr2", "ocf:IPaddr2", "ocf:heartbeat:", "ocf:a:b:c", "nagios:x", "lsb:", "lsb:../x",
     "ocf:heartbeat:../../x", "lsb:a/b", "stonith:.hidden", "lsb:a b"],
)  # fmt: skip
def test_what_is_no_full_name_names_nothing(text: str):
    assert parse_agent(text) is None


@given(st.text(max_size=30))
def test_a_name_written_is_the_name_read(text: str):
    name = parse_agent(text)
    if name is not None:
        assert parse_agent(str(name)) == name
        assert "/" not in name.type and not name.type.startswith(".")


def test_names_sort_by_their_parts():
    names = [AgentName("ocf", "b", "a"), AgentName("lsb", "", "z"), AgentName("ocf", "a", "b")]
    assert [str(name) for name in sorted(names)] == ["lsb:z", "ocf:a:b", "ocf:b:a"]


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("passwd", True),
        ("password", True),
        ("snmp_priv_passwd", True),
        ("api_key", True),
        ("auth_token", True),
        ("password_file", False),
        ("passwd_script", False),
        ("token_timeout", False),
        ("ip", False),
    ],
)
def test_a_secret_is_known_by_its_name_and_the_place_of_one_is_none(name: str, secret: bool):
    assert is_secret(name) is secret
