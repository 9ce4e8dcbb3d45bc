from __future__ import annotations

import pytest

from pcsx.pe.model import Role
from pcsx.pe.scores import has_usable
from tests.pe.constraints.documents import document, primitive, work_of


def ticket_work(*, policy="", role="", granted="false", standby="false", active=True):
    extra = (f'loss-policy="{policy}" ' if policy else "") + (f'rsc-role="{role}"' if role else "")
    return work_of(
        document(
            primitive("x"),
            f'<rsc_ticket id="t" rsc="x" ticket="T" {extra}/>',
            tickets=f'<ticket_state id="T" granted="{granted}" standby="{standby}"/>',
            histories={"a": "x"} if active else {},
        )
    )


def is_banned(work):
    return not has_usable(work.by_id["x"].allowed)


def test_with_the_ticket_nothing_is_lost():
    assert not is_banned(ticket_work(granted="true"))


@pytest.mark.parametrize("policy", ["", "stop", "demote"])
def test_without_the_ticket_a_resource_runs_nowhere(policy):
    assert is_banned(ticket_work(policy=policy))


def test_a_ticket_for_the_promoted_role_forbids_only_promotion():
    work = ticket_work(role="Promoted")
    assert not is_banned(work)
    assert work.by_id["x"].tickets[0].loss_policy == "demote"


def test_to_stop_on_loss_stops_whatever_the_role():
    assert is_banned(ticket_work(role="Promoted", policy="stop"))


def test_to_freeze_leaves_an_active_resource_alone_and_an_inactive_one_out():
    frozen = ticket_work(policy="freeze")
    assert not is_banned(frozen)
    assert frozen.by_id["x"].blocked
    assert not frozen.by_id["x"].managed
    assert is_banned(ticket_work(policy="freeze", active=False))


def test_to_fence_without_fencing_is_to_stop():
    work = ticket_work(policy="fence")
    assert work.by_id["x"].tickets[0].loss_policy == "stop"
    assert is_banned(work)


def test_a_ticket_in_standby_is_a_lost_one_for_places():
    assert is_banned(ticket_work(granted="true", standby="true"))
    assert not is_banned(ticket_work(granted="true", standby="true", role="Promoted"))


def test_started_is_no_role_of_its_own():
    work = ticket_work(role="Started")
    assert is_banned(work)
    assert work.by_id["x"].tickets[0].role == Role.UNKNOWN
