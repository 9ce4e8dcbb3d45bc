"""Laws of invocations: what an agent is told, by old names and by new ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.agents import (
    Call,
    Host,
    Invocation,
    Outcome,
    Status,
    fence_invocation,
    invocation_of,
    metadata_invocation,
    parse_agent,
    parse_metadata,
)  # fmt: skip

HOST = Host(node="a", run_dir="/run/x", compat_dir="/run/x/compat", python="/usr/bin/python3")


def call(task: str = "start", **more: Any) -> Call:
    given = {"agent": ("ocf", "heartbeat", "Dummy"), "task": task, "resource": "r", **more}
    return Call(**given)


def made(call: Call, host: Host = HOST) -> Invocation:
    invocation = invocation_of(call, host)
    assert isinstance(invocation, Invocation)
    return invocation


def env(call: Call, host: Host = HOST) -> dict[str, str]:
    return dict(made(call, host).env)


@pytest.mark.parametrize(
    ("agent", "task", "argv"),
    [
        (("ocf", "heartbeat", "Dummy"), "start",
         ("/usr/lib/ocf/resource.d/heartbeat/Dummy", "start")),
        (("lsb", "", "cron"), "monitor", ("/etc/init.d/cron", "status")),
        (("lsb", "", "cron"), "stop", ("/etc/init.d/cron", "stop")),
    ],
)  # fmt: skip
def test_an_agent_is_its_file_and_one_word(
    agent: tuple[str, str, str], task: str, argv: tuple[str, ...]
):
    assert made(call(task, agent=agent)).argv == argv


def test_units_services_and_our_own_are_run_by_an_interpreter():
    for agent, file, words in (
        (("systemd", "", "nginx"), "systemd_unit.sh", ("nginx", "start")),
        (("service", "", "nginx"), "system_service.sh", ("nginx", "start")),
        (("ocf", "pcsx", "dummy"), "dummy.sh", ("start",)),
    ):
        argv = made(call(agent=agent)).argv
        assert argv[0] == "/bin/sh" and argv[1].endswith(f"/bundled/{file}")
        assert argv[2:] == words
    assert made(call(agent=("ocf", "pcsx", "http"))).argv[:3] == ("/usr/bin/python3", "-I", "-S")


@pytest.mark.parametrize(
    "agent",
    [("ocf", "heartbeat", "../../../../bin/sh"), ("ocf", "", "x"), ("lsb", "", "a/b"),
     ("upstart", "", "x"), ("ocf", "pcsx", "nothing"), ("lsb", "", ""), ("stonith", "", "fence_x")],
)  # fmt: skip
def test_what_names_no_agent_is_not_run(agent: tuple[str, str, str]):
    outcome = invocation_of(call(agent=agent), HOST)
    assert isinstance(outcome, Outcome)
    assert (outcome.rc, outcome.status) == (5, Status.NOT_INSTALLED)


def test_an_ocf_agent_is_told_who_it_is_and_its_parameters():
    told = env(call(params=(("OCF_CHECK_LEVEL", "10"), ("ip", "10.0.0.9"))))
    wanted = {
        "OCF_RA_VERSION_MAJOR": "1",
        "OCF_RA_VERSION_MINOR": "1",
        "OCF_ROOT": "/usr/lib/ocf",
        "OCF_RESOURCE_INSTANCE": "r",
        "OCF_RESOURCE_TYPE": "Dummy",
        "OCF_RESOURCE_PROVIDER": "heartbeat",
        "OCF_EXIT_REASON_PREFIX": "ocf-exit-reason:",
        "OCF_RESKEY_ip": "10.0.0.9",
        "OCF_CHECK_LEVEL": "10",
    }
    assert wanted.items() <= told.items()
    assert "OCF_RESKEY_OCF_CHECK_LEVEL" not in told


def test_meta_values_are_told_with_timeout_interval_name_and_node():
    told = env(call("monitor", meta=(("clone-max", "3"),), interval_ms=0, timeout_ms=5000))
    wanted = {"clone_max": "3", "timeout": "5000", "interval": "0", "name": "monitor",
              "on_node": "a"}  # fmt: skip
    assert {f"OCF_RESKEY_CRM_meta_{k}": v for k, v in wanted.items()}.items() <= told.items()


def test_what_is_promoted_is_told_in_the_words_that_agents_read():
    meta = (
        ("notify_promoted_uname", "b"),
        ("notify_unpromoted_resource", "r:0"),
        ("promoted_max", "1"),
        ("promoted_node_max", "1"),
    )
    told = env(call("notify", meta=meta))
    prefix = "OCF_RESKEY_CRM_meta_"
    for name, value in (("master_max", "1"), ("master_node_max", "1"), ("promotable", "true"),
                        ("notify_master_uname", "b"), ("notify_slave_resource", "r:0"),
                        ("notify_promoted_uname", "b")):  # fmt: skip
        assert told[prefix + name] == value


def test_the_old_words_are_enough_for_the_new_ones():
    told = env(call("notify", meta=(("notify_master_uname", "b"),)))
    assert told["OCF_RESKEY_CRM_meta_notify_promoted_uname"] == "b"


def test_our_tools_are_found_before_those_of_others():
    told = env(call())
    assert told["HA_SBIN_DIR"] == "/run/x/compat"
    assert told["PATH"].startswith("/run/x/compat:/usr/local/sbin:")
    bare = env(call(), Host(node="a"))
    assert "HA_SBIN_DIR" not in bare and not bare["PATH"].startswith(":")


def test_agents_know_where_this_node_keeps_its_state():
    told = env(call(), Host(node="a", run_dir="/run/x", rsc_tmp="/run/x/a", var_run="/run/x/b"))
    names = ("PCSX_RUN_DIR", "HA_RSCTMP", "HA_VARRUN")
    assert [told[name] for name in names] == ["/run/x", "/run/x/a", "/run/x/b"]
    assert "HA_VARRUN" not in env(call())


def test_trace_can_be_asked_for_by_a_parameter():
    assert env(call(params=(("trace_ra", "1"),)))["OCF_TRACE_RA"] == "1"
    assert "OCF_TRACE_RA" not in env(call(params=(("trace_ra", "0"),)))


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5))
def test_whatever_a_parameter_is_called_the_environment_can_be_given_to_a_child(
    params: list[tuple[str, str]],
):
    for name, value in made(call(params=tuple(params))).env:
        assert name and "=" not in name and "\0" not in name + value


def test_metadata_is_asked_for_in_the_words_of_the_standard():
    for text, words in (("ocf:heartbeat:Dummy", ("meta-data",)),
                        ("stonith:fence_ipmilan", ("-o", "metadata"))):  # fmt: skip
        name = parse_agent(text)
        assert name is not None
        invocation = metadata_invocation(name, HOST)
        assert isinstance(invocation, Invocation) and invocation.argv[1:] == words


def fenced(params: dict[str, str], *, target: str = "n1", plug: str = "", **more: Any) -> list[str]:
    invocation = fence_invocation(
        "fence_x", "off", params, HOST, timeout_ms=1000, target=target, plug=plug, **more
    )
    assert isinstance(invocation, Invocation)
    assert invocation.argv == ("/usr/sbin/fence_x",)
    return invocation.stdin.decode().splitlines()


PLUG = parse_metadata(
    b'<resource-agent><parameters><parameter name="plug"/></parameters></resource-agent>'
)
PORT = parse_metadata(
    b'<resource-agent><parameters><parameter name="port"/></parameters></resource-agent>'
)
NONE = parse_metadata(b"<resource-agent/>")


def test_passwords_are_hidden_from_all_but_the_agent():
    params = {"ip": "10.0.0.1", "passwd": "s3same", "password_file": "/etc/bmc"}
    off = fence_invocation("fence_a", "off", params, HOST, timeout_ms=1000, target="n1")
    listed = fence_invocation("fence_a", "list", params, HOST, timeout_ms=1000)
    assert isinstance(off, Invocation) and isinstance(listed, Invocation)
    assert off.hidden == ("s3same",) and b"passwd=s3same" in off.stdin
    assert listed.hidden == ()
    of_ocf = made(call(params=(("rep_password", "open"), ("key", "lrm://"), ("port", "5432"))))
    assert of_ocf.hidden == ("open",)


def test_a_fence_agent_is_told_on_stdin_and_not_what_is_ours():
    params = {"ip": "1.2.3.4", "pcmk_host_list": "n1", "provides": "unfencing", "CRM_meta_x": "1"}
    assert fenced(params, metadata=NONE) == ["action=off", "ip=1.2.3.4", "nodename=n1"]


def test_the_target_goes_into_the_parameter_that_the_agent_has():
    assert "plug=o3" in fenced({}, plug="o3", metadata=PLUG)
    assert "port=n1" in fenced({}, metadata=PORT)
    assert {"plug=n1", "port=n1"} <= set(fenced({}))


def test_the_users_own_plug_wins_unless_it_is_dynamic():
    assert "plug=7" in fenced({"plug": "7"}, metadata=PLUG)
    assert "plug=n1" in fenced({"plug": "dynamic"}, metadata=PLUG)


def test_the_user_may_name_the_parameter_or_forbid_it():
    assert "vm=n1" in fenced({"pcmk_host_argument": "vm"}, metadata=PLUG)
    assert fenced({"pcmk_host_argument": "none"}) == ["action=off", "nodename=n1"]


def test_without_a_target_there_is_no_plug():
    assert fenced({}, target="", metadata=PLUG) == ["action=off"]


def test_a_value_that_would_be_two_lines_is_not_passed():
    assert fenced({"x": "1\naction=on"}, metadata=NONE) == ["action=off", "nodename=n1"]
