"""Tickets by hand: what is refused without a word more, and what is shown."""

from __future__ import annotations

import pytest

from tests.shell.support import Shell


@pytest.fixture
def bound(shell: Shell) -> Shell:
    shell.must("resource create a ocf:test:Service path=/srv", "constraint ticket add sales a")
    return shell


def test_a_grant_needs_the_word_of_who_asks(bound: Shell) -> None:
    ran = bound("ticket grant sales")
    assert ran.status == 1 and "another site" in ran.err
    assert bound("ticket show sales").out.startswith("sales: not granted")
    bound.must("ticket grant sales --force")
    assert bound("ticket show sales").out.startswith("sales: granted, last granted ")


def test_a_loss_is_refused_where_the_loss_policy_would_count_and_not_after_standby(
    bound: Shell,
) -> None:
    bound.must("ticket grant sales --force")
    ran = bound("ticket revoke sales")
    assert ran.status == 1 and "loss-policy" in ran.err and "standby" in ran.err
    bound.must("ticket standby sales", "ticket revoke sales")
    assert bound("ticket show --json").json["data"][0]["granted"] is False


def test_the_words_of_pcs_and_crm_do_the_same(bound: Shell) -> None:
    bound.must("site ticket grant sales --force", "ticket standby sales", "ticket unstandby sales")
    assert bound("status").out.count("sales: granted") == 1
    bound.must("ticket revoke sales --force", "site ticket delete sales")
    assert bound("ticket show --json").json["data"][0]["attributes"] == {}


def test_what_nobody_named_is_refused_and_told(shell: Shell) -> None:
    assert shell("ticket show").out == "There are no tickets.\n"
    assert shell("ticket show other").status == 1
    assert "No constraint names" in shell("ticket grant other --force").err
    assert shell("ticket grant 'no name' --force").status == 1
