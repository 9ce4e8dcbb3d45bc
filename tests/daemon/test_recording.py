"""Laws of records: what is digested, and by which names a reload is told from a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcsx.agents import AgentMetadata, Outcome, Parameter, Status
from pcsx.agents.metadata import AdvisedAction
from pcsx.daemon.recording import record_of
from pcsx.daemon.records import OpRecord, Order
from pcsx.pe.digests import digest_of

ORDER = Order(
    term=3, transition=2, action=1, resource="r", task="start", key="r_start_0",
    agent=("ocf", "x", "y"), params=(("a", "1"), ("b", "2")), meta=(), interval_ms=0,
    timeout_ms=20_000,
)  # fmt: skip
RELOADS = AgentMetadata(
    "y",
    parameters=(Parameter("a", reloadable=True), Parameter("b"), Parameter("c", private=True)),
    actions=(AdvisedAction("reload-agent"),),
)


def record(order: Order, rc: int = 0, metadata: AgentMetadata | None = None) -> OpRecord:
    outcome = Outcome(rc, Status.DONE, "why")
    return record_of(order, outcome, metadata, call=7, changed_s=9, exec_ms=5, queue_ms=1)


def test_a_record_names_its_order_and_its_outcome():
    told = record(ORDER, 1)
    assert (told.term, told.transition, told.action, told.target_rc) == (3, 2, 1, 0)
    assert (told.rc, told.reason, told.call, told.changed_s) == (1, "why", 7, 9)


def test_the_digest_is_of_all_parameters_whatever_is_known_of_the_agent():
    whole = digest_of({"a": "1", "b": "2"})
    assert [record(ORDER, metadata=known).digest for known in (None, RELOADS)] == [whole] * 2


def test_names_are_told_whether_or_not_they_are_set():
    told = record(ORDER, metadata=RELOADS)
    assert (told.restart_params, told.restart_digest) == (" b c ", digest_of({"b": "2"}))
    assert (told.secure_params, told.secure_digest) == (" c ", told.digest)


def test_an_agent_that_cannot_reload_has_no_names():
    plain = replace(RELOADS, actions=())
    assert record(ORDER, metadata=plain).restart_digest == ""


def test_an_agent_whose_every_parameter_is_reloadable_never_restarts():
    every = replace(RELOADS, parameters=(Parameter("a", reloadable=True),))
    told = record(ORDER, metadata=every)
    assert told.restart_params.split() == [] and told.restart_digest == digest_of({})


@pytest.mark.parametrize("task", ["monitor", "stop", "promote"])
def test_only_moves_tell_from_where_to_where(task: str):
    meta = (("migrate_source", "n1"), ("migrate_target", "n2"))
    assert record(replace(ORDER, task=task, meta=meta)).migrate_source == ""
    told = record(replace(ORDER, task="migrate_from", meta=meta))
    assert (told.migrate_source, told.migrate_target) == ("n1", "n2")
