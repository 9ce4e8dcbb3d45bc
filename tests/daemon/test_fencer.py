"""Laws of the fencer: only an agent's word of success counts, and each case has one answer."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.agents import AgentMetadata, Exit, Host, parse_metadata
from pcsx.cib.fencing import Device, Devices, Level
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.events import ChildExited, Tick
from pcsx.daemon.fencer import (
    CEDED,
    FAILED_MS,
    KNOWN_MS,
    LISTEN_MS,
    Cede,
    Fence,
    FenceDone,
    Fencer,
    FencerEffect,
    FencerEvent,
    Refresh,
    Withdraw,
)
from pcsx.values import Now

HOST = Host(node="a", python="/usr/bin/python3")
AGENT = "fence_x"


def agent(*actions: str, plug: str = "plug") -> AgentMetadata:
    listed = "".join(f'<action name="{name}"/>' for name in actions)
    parameter = f'<parameter name="{plug}"/>' if plug else ""
    text = (
        f'<resource-agent name="{AGENT}"><parameters>{parameter}</parameters>'
        f"<actions>{listed}</actions></resource-agent>"
    )
    return parse_metadata(text.encode())


FULL = agent("on", "off", "reboot", "list", "monitor")
SAYS = agent("on", "off", "reboot", "status", "list", "monitor")
"""It can tell the state of a plug, too."""


def device(id: str, hosts: str = "b c", **params: str) -> Device:
    pairs = {"pcmk_host_list": hosts} if hosts else {}
    return Device(id, AGENT, tuple(sorted({**pairs, **params}.items())))


class Rig:
    """A fencer, its clock, and what it began."""

    def __init__(
        self,
        *devices: Device,
        levels: tuple[Level, ...] = (),
        metadata: AgentMetadata | None = FULL,
        timeout_ms: int = 60_000,
    ) -> None:
        self.ms = 1000
        self.leased = True
        self.heard = False
        self.elsewhere = False
        known = {} if metadata is None else {("stonith", "", AGENT): metadata}
        self.fencer = Fencer(
            HOST,
            children=count(1),
            metadata=known,
            sees_lease=lambda term, now: self.leased,
            is_heard=lambda case, target: self.heard,
            is_elsewhere=lambda case, target: self.elsewhere,
        )
        self.fencer.devices = Devices(devices, levels, timeout_ms=timeout_ms)
        self.effects: list[FencerEffect] = []

    @property
    def now(self) -> Now:
        return Now(self.ms, datetime(2026, 1, 1, tzinfo=UTC))

    def step(self, event: FencerEvent) -> list[FencerEffect]:
        self.effects = self.fencer.step(event, self.now)
        return self.effects

    def fence(self, target: str = "b", action: str = "off", case: int = 7, **more: Any) -> None:
        self.step(Fence(case, target, action, more.pop("timeout_ms", 60_000), **more))

    def end(self, code: int | None = 0, *, child: int = 0, **more: Any) -> None:
        self.step(ChildExited(child or self.child, Exit(code=code, **more)))

    @property
    def spawned(self) -> list[Spawn]:
        return [effect for effect in self.effects if isinstance(effect, Spawn)]

    @property
    def child(self) -> int:
        return self.spawned[-1].child

    @property
    def said(self) -> dict[str, str]:
        """What the last agent was told on stdin."""
        lines = self.spawned[-1].invocation.stdin.decode().splitlines()
        return {key: value for key, _, value in (line.partition("=") for line in lines)}

    @property
    def done(self) -> list[FenceDone]:
        return [effect for effect in self.effects if isinstance(effect, FenceDone)]


def test_the_agent_is_told_action_plug_and_node_and_its_success_is_the_answer():
    rig = Rig(device("d", ip="1.2.3.4"))
    rig.fence()
    assert rig.said == {"action": "off", "ip": "1.2.3.4", "nodename": "b", "plug": "b"}
    assert rig.spawned[0].kind == "fence"
    rig.ms += 700
    rig.end(0)
    assert rig.done == [FenceDone(7, True, "", "d", 700)]
    assert rig.fencer.cases == ()


@pytest.mark.parametrize(
    "exit",
    [{"code": 1}, {"code": 2}, {"code": None, "signal": 9}, {"code": None, "errno": 2},
     {"code": 0, "timed_out": True}, {"code": None, "timed_out": True}],
    ids=str,
)  # fmt: skip
def test_nothing_but_exit_status_0_is_success(exit: dict[str, Any]):
    rig = Rig(device("d"))
    rig.fence()
    for _ in range(5):
        if rig.done:
            break
        rig.end(**exit)
    assert [done.ok for done in rig.done] == [False]
    assert rig.done[0].reason.startswith("d: off: ")


def test_an_agent_is_tried_twice_within_one_limit():
    rig = Rig(device("d", pcmk_off_timeout="20s"))
    rig.fence()
    assert rig.spawned[0].invocation.timeout_ms == 20_000
    rig.ms += 6000
    rig.end(1, stderr=b"connection refused\n")
    assert rig.spawned[0].invocation.timeout_ms == 14_000
    rig.end(1, stderr=b"connection refused\n")
    assert rig.done[0].reason == "d: off: connection refused"


def test_the_number_of_tries_is_the_devices():
    rig = Rig(device("d", pcmk_off_retries="1"))
    rig.fence()
    rig.end(1)
    assert len(rig.done) == 1


def test_an_action_can_go_by_another_name():
    rig = Rig(device("d", pcmk_off_action="diag"))
    rig.fence()
    assert rig.said["action"] == "diag"


def test_when_a_device_fails_the_next_one_is_asked():
    rig = Rig(device("d", pcmk_off_retries="1"), device("e"))
    rig.fence()
    rig.end(1)
    assert len(rig.spawned) == 1
    rig.end(0)
    assert [(done.ok, done.device) for done in rig.done] == [(True, "e")]


def test_all_devices_of_a_level_must_succeed_and_then_the_next_level_is_tried():
    levels = (Level(2, ("f",), target="b"), Level(1, ("d", "e"), target="b"))
    rig = Rig(device("d"), device("e", pcmk_off_retries="1"), device("f"), levels=levels)
    rig.fence()
    rig.end(0)
    assert not rig.done
    rig.end(1)
    rig.end(0)
    assert [(done.ok, done.device) for done in rig.done] == [(True, "f")]


def test_a_reboot_by_two_devices_is_all_off_and_then_all_on():
    rig = Rig(device("d"), device("e"), levels=(Level(1, ("d", "e"), target="b"),))
    rig.fence(action="reboot")
    actions = []
    for code in (0, 0, 1, 1, 0):
        actions.append(rig.said["action"])
        rig.end(code)
    assert actions == ["off", "off", "on", "on", "on"]  # the first `on` failed twice
    assert [(done.ok, done.device) for done in rig.done] == [(True, "d,e")]


def test_a_reboot_by_one_device_is_its_own_reboot():
    rig = Rig(device("d"))
    rig.fence(action="reboot")
    assert rig.said["action"] == "reboot"


def test_a_device_without_reboot_does_off_and_on():
    rig = Rig(device("d"), metadata=agent("off", "on"))
    rig.fence(action="reboot")
    assert rig.said["action"] == "off"
    rig.end(0)
    assert rig.said["action"] == "on"
    rig.end(0)
    assert rig.done[0].ok


def test_a_device_that_hangs_leaves_time_for_the_next_level():
    levels = (Level(1, ("d",), target="b"), Level(2, ("e",), target="b"))
    rig = Rig(device("d"), device("e"), levels=levels)
    rig.fence(timeout_ms=60_000)
    assert rig.spawned[0].invocation.timeout_ms == 30_000
    rig.ms += 32_000
    rig.end(None, timed_out=True)
    assert rig.spawned[0].invocation.timeout_ms == 28_000


def test_when_the_time_is_over_the_answer_is_no():
    rig = Rig(device("d"), device("e"))
    rig.fence(timeout_ms=10_000)
    rig.ms += 11_000
    rig.end(None, timed_out=True)
    assert [done.ok for done in rig.done] == [False]
    assert "no time left" in rig.done[0].reason


def test_a_case_is_carried_out_once_and_answered_again_as_before():
    rig = Rig(device("d"))
    rig.fence()
    rig.fence()
    assert rig.effects == []
    rig.step(ChildExited(1, Exit(code=0)))
    answer = rig.done
    rig.fence()
    assert rig.effects == answer


def test_two_cases_of_one_target_go_in_turn():
    rig = Rig(device("d", pcmk_action_limit="-1"))
    rig.fence(case=7)
    first = rig.child
    rig.fence(case=8)
    assert rig.spawned == []
    rig.end(0, child=first)
    assert [done.case for done in rig.done] == [7]
    assert len(rig.spawned) == 1


@pytest.mark.parametrize(("limit", "at_once"), [("", 1), ("2", 2), ("-1", 3)])
def test_a_device_does_no_more_at_once_than_its_limit(limit: str, at_once: int):
    params = {"pcmk_action_limit": limit} if limit else {}
    rig = Rig(device("d", "b c e", **params))
    begun = 0
    for case, target in enumerate("bce"):
        rig.fence(target, case=case)
        begun += len(rig.spawned)
    assert begun == at_once


def test_a_target_that_no_device_reaches_is_refused_at_once():
    rig = Rig(device("d", hosts="c"))
    rig.fence("b")
    assert [(done.ok, done.reason) for done in rig.done] == [(False, "no device can reach it")]


def test_a_device_of_a_level_that_is_not_there_fails_the_level():
    rig = Rig(device("d"), levels=(Level(1, ("gone",), target="b"),))
    rig.fence()
    assert rig.done[0].reason == "gone: there is no such device"


def test_a_device_that_is_banned_here_is_not_used_here():
    rig = Rig(Device("d", AGENT, (("pcmk_host_list", "b"),), banned=("a",)))
    assert rig.fencer.candidates("b") == ()


def test_the_plug_comes_from_the_host_map():
    rig = Rig(device("d", hosts="", pcmk_host_map="b:outlet-3;c:outlet-4"))
    rig.fence()
    assert rig.said["plug"] == "outlet-3" and rig.said["nodename"] == "b"


def test_a_device_without_lists_is_asked_for_its_own_and_the_answer_is_kept():
    rig = Rig(device("d", hosts=""))
    rig.fence()
    assert rig.said == {"action": "list"}
    rig.end(0, stdout=b"b,alias on\nx2,c\n")
    assert rig.said["action"] == "off"
    rig.end(0)
    assert rig.done[0].ok
    rig.fence("e", case=8)
    assert rig.done[0].reason == "no device can reach it"
    rig.ms += KNOWN_MS + 1
    rig.fence("c", case=9)
    assert rig.said == {"action": "list"}


def test_where_the_list_fails_the_status_of_the_target_is_asked():
    rig = Rig(device("d", hosts=""), metadata=SAYS)
    rig.fence()
    rig.end(1)
    assert rig.said["action"] == "status" and rig.said["plug"] == "b"
    rig.end(2)
    assert rig.said["action"] == "off"


def test_a_query_that_fails_is_never_taken_for_yes():
    rig = Rig(device("d", hosts=""), metadata=SAYS)
    rig.fence()
    rig.end(1)
    rig.end(1)
    assert [done.ok for done in rig.done] == [False]


def test_a_device_that_could_not_be_asked_is_asked_again_soon():
    rig = Rig(device("d", hosts=""), metadata=agent("off", "list"))
    rig.fence()
    rig.end(1)
    assert [done.ok for done in rig.done] == [False]
    assert rig.fencer.candidates("b") == ("d",)
    rig.ms += FAILED_MS + 1
    rig.fence(case=8)
    assert rig.said == {"action": "list"}
    rig.end(0, stdout=b"b\n")
    rig.end(0)
    assert rig.done[0].ok


def test_what_was_once_said_does_not_make_anybody_give_a_device_up():
    rig = Rig(device("d", hosts=""))
    rig.step(Refresh("b"))
    rig.end(0, stdout=b"c\n")
    assert rig.fencer.candidates("b", rig.now) == ()
    assert rig.fencer.candidates("b") == ("d",)


def test_a_list_is_not_believed_for_a_device_that_was_changed():
    rig = Rig(device("d", hosts=""))
    rig.step(Refresh("b"))
    rig.end(0, stdout=b"b\n")
    assert rig.fencer.can_fence("b", rig.now).can is True
    rig.fencer.devices = Devices((device("d", hosts="", ip="other"),))
    assert rig.fencer.can_fence("b", rig.now).can is None


def test_a_device_that_is_told_no_target_and_has_no_list_reaches_nobody():
    rig = Rig(device("d", hosts=""), metadata=agent("off", "on", "status", plug=""))
    assert rig.fencer.can_fence("b", rig.now).can is False


def test_without_metadata_only_a_list_is_believed():
    rig = Rig(device("d", hosts=""), metadata=None)
    rig.fence()
    assert rig.said == {"action": "list"}
    rig.end(1)
    assert [done.ok for done in rig.done] == [False]


@pytest.mark.parametrize(("check", "can"), [("none", True), ("nonsense", False)])
def test_the_user_may_say_how_to_check(check: str, can: bool):
    rig = Rig(device("d", hosts="", pcmk_host_check=check))
    assert rig.fencer.can_fence("b", rig.now).can is can


def test_can_fence_says_what_must_be_asked_first():
    rig = Rig(device("d", hosts="c"), device("e", hosts=""))
    answer = rig.fencer.can_fence("b", rig.now)
    assert (answer.can, answer.devices, answer.needs) == (None, (), ("e",))
    rig.step(Refresh("b"))
    rig.end(0, stdout=b"b\n")
    answer = rig.fencer.can_fence("b", rig.now)
    assert (answer.can, answer.devices, answer.needs) == (True, ("e",), ())


def test_a_list_that_is_being_asked_for_is_not_asked_for_twice():
    rig = Rig(device("d", hosts=""))
    rig.fence("b", case=7)
    child = rig.child
    rig.fence("c", case=8)
    assert rig.spawned == []
    rig.end(0, child=child, stdout=b"b c\n")
    assert len(rig.spawned) == 1  # one action at a time
    assert rig.fencer.cases == (7, 8)


def test_a_delay_is_waited_for_and_on_has_none():
    rig = Rig(device("d", pcmk_delay_base="5s"))
    rig.fence()
    assert rig.spawned == [] and rig.fencer.deadline_ms == 6000
    rig.ms = 6000
    rig.step(Tick())
    assert len(rig.spawned) == 1
    rig.end(0)
    rig.fence(action="on", case=8)
    assert len(rig.spawned) == 1


def test_delays_add_up_unless_there_shall_be_none():
    rig = Rig(device("d", pcmk_delay_base="c:1s;b:5s"))
    rig.fence(delay_ms=3000)
    assert rig.fencer.deadline_ms == 4000
    rig.ms = 4000
    rig.step(Tick())
    assert rig.fencer.deadline_ms == 9000
    rig.fence("c", case=8, delay_ms=-1)
    assert len(rig.spawned) == 1


@given(st.integers(0, 10_000), st.sampled_from("pq"))
def test_a_drawn_delay_is_between_base_and_maximum_and_the_same_each_time(case: int, node: str):
    def drawn() -> int:
        fencer = Fencer(Host(node=node, python="p"), children=count(1), metadata={})
        params = {"pcmk_delay_base": "1s", "pcmk_delay_max": "4s"}
        fencer.devices = Devices((device("d", **params),))
        fencer.step(Fence(case, "b", "off", 60_000), Now(0, datetime(2026, 1, 1, tzinfo=UTC)))
        return fencer.deadline_ms or 0

    assert 1000 <= drawn() < 4000
    assert drawn() == drawn()


def test_nothing_is_switched_without_the_lease():
    rig = Rig(device("d", pcmk_delay_base="5s"), device("e"))
    rig.fence(term=3)
    rig.leased = False
    rig.ms = 6000
    rig.step(Tick())
    assert rig.spawned == []
    assert [done.reason for done in rig.done] == ["STALE: the leader's lease is not seen here"]


def test_a_case_is_void_as_long_as_no_agent_was_told_to_switch():
    rig = Rig(device("d", pcmk_delay_base="5s"))
    rig.fence()
    rig.step(Withdraw(7))
    assert [(done.ok, done.reason) for done in rig.done] == [(False, "void")]
    rig.fence(case=8, delay_ms=-1)
    rig.step(Withdraw(8))
    assert rig.done == [] and rig.fencer.cases == (8,)


def test_a_case_that_is_left_to_another_ends_its_agent_and_may_be_told_again():
    rig = Rig(device("d"))
    rig.fence()
    child = rig.child
    rig.step(Cede(7))
    assert [effect.child for effect in rig.effects if isinstance(effect, Kill)] == [child]
    assert [(done.ok, done.reason) for done in rig.done] == [(False, CEDED)]
    assert rig.fencer.owns(child) and rig.fencer.cases == ()
    rig.end(None, child=child)
    assert not rig.fencer.owns(child) and rig.effects == []
    rig.fence()
    assert len(rig.spawned) == 1
    rig.step(Cede(8))
    assert rig.effects == []


def test_nothing_is_begun_at_a_target_while_another_is_at_it():
    rig = Rig(device("d"))
    rig.elsewhere = True
    rig.fence()
    assert rig.spawned == [] and rig.fencer.deadline_ms == rig.ms + LISTEN_MS
    rig.elsewhere = False
    rig.ms += LISTEN_MS
    rig.step(Tick())
    assert len(rig.spawned) == 1


def test_it_knows_its_children_from_others():
    rig = Rig(device("d", hosts=""))
    rig.fence()
    child = rig.child
    assert rig.fencer.owns(child) and not rig.fencer.owns(child + 1)
    rig.step(ChildExited(99, Exit(code=0)))
    assert rig.fencer.cases == (7,)


def test_the_limit_of_a_case_has_room_for_all_levels():
    levels = (Level(1, ("d",), target="b"), Level(2, ("e",), target="b"))
    rig = Rig(device("d", pcmk_off_timeout="100s"), device("e", pcmk_delay_max="5s"), levels=levels)
    assert rig.fencer.limit_ms("b", "off") == (100_000 + 60_000 + 5000) * 12 // 10


def test_an_off_is_believed_when_the_device_then_says_that_it_is_off():
    rig = Rig(device("d"), metadata=SAYS)
    rig.fence()
    rig.end(0)
    assert (rig.said["action"], rig.done) == ("status", [])
    rig.end(2)
    assert rig.done[0].ok


@pytest.mark.parametrize("code", [0, 1])
def test_an_off_that_the_device_does_not_own_up_to_is_a_failure(code: int):
    rig = Rig(device("d"), metadata=SAYS)
    rig.fence()
    rig.end(0)
    rig.end(code)
    rig.end(code)
    assert [done.ok for done in rig.done] == [False]


def test_no_device_is_believed_while_the_target_is_heard_and_the_next_level_follows():
    levels = (Level(1, ("d",), target="b"), Level(2, ("e",), target="b"))
    rig = Rig(device("d"), device("e"), levels=levels)
    rig.heard = True
    rig.fence()
    rig.end(0)
    assert (rig.done, rig.spawned) == ([], [])
    rig.ms = 1000 + rig.fencer.silence_ms
    rig.step(Tick())
    assert [spawn.kind for spawn in rig.spawned] == ["fence"]
    rig.heard = False
    rig.end(0)
    assert (rig.done[0].ok, rig.done[0].device) == (True, "e")


def test_a_target_that_falls_silent_in_time_is_off():
    rig = Rig(device("d"))
    rig.heard = True
    rig.fence()
    rig.end(0)
    rig.ms += 1000
    rig.heard = False
    rig.step(Tick())
    assert rig.done[0].ok


def test_a_node_that_is_let_in_again_may_be_heard():
    rig = Rig(device("d"))
    rig.heard = True
    rig.fence(action="on")
    rig.end(0)
    assert rig.done[0].ok
