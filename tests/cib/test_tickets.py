"""Laws of tickets: how their state changes, and that a document says it back."""

from __future__ import annotations

import pytest

from pcsx.cib.document import Cib
from pcsx.cib.tickets import TicketChange, change_of, changed, states_of, told_of
from pcsx.errors import Refused

BARE = Cib.from_bytes(
    b"""<cib><configuration><constraints>
    <rsc_ticket id="bound" rsc="a" ticket="T"/></constraints></configuration></cib>"""
)


def test_the_moment_of_a_grant_is_kept_and_is_not_moved_by_a_second_grant():
    once = changed(BARE, change_of("grant", "T"), 100)
    assert states_of(once) == {"T": {"granted": "true", "last-granted": "100"}}
    assert changed(once, change_of("grant", "T"), 200) == once
    revoked = changed(once, change_of("revoke", "T"), 300)
    assert states_of(revoked)["T"] == {"granted": "false", "last-granted": "100"}
    again = changed(revoked, change_of("grant", "T"), 400)
    assert states_of(again)["T"]["last-granted"] == "400"


def test_standby_leaves_what_is_granted_and_cleanup_leaves_nothing():
    made = changed(BARE, change_of("grant", "T"), 1)
    made = changed(made, change_of("standby", "T"), 2)
    assert (told_of(made)[0]["granted"], told_of(made)[0]["standby"]) == (True, True)
    made = changed(made, change_of("activate", "T"), 3)
    assert told_of(made)[0]["standby"] is False
    assert states_of(changed(made, change_of("cleanup", "T"), 4)) == {}


def test_what_a_ticket_manager_keeps_beside_it_stays_until_it_is_dropped():
    made = changed(BARE, TicketChange("T", (("owner", "42"), ("expires", "9"))), 1)
    made = changed(made, change_of("grant", "T"), 2)
    made = changed(made, TicketChange("T", dropped=("expires",)), 3)
    assert states_of(made)["T"] == {"owner": "42", "granted": "true", "last-granted": "2"}


def test_a_ticket_that_only_a_constraint_names_is_told_as_not_granted():
    (told,) = told_of(BARE)
    assert (told["id"], told["granted"], told["constraints"]) == ("T", False, ["bound"])


@pytest.mark.parametrize(
    "change",
    [
        change_of("grant", "a b"),
        change_of("grant", ""),
        TicketChange("T", (("id", "x"),)),
        TicketChange("T", (("granted", "perhaps"),)),
        TicketChange("T", (("owner", "\0"),)),
    ],
)
def test_names_that_no_document_can_hold_are_refused(change: TicketChange):
    with pytest.raises(Refused):
        changed(BARE, change, 1)
