"""Laws of outcomes: what each end of a child means."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.agents import Exit, Outcome, Status, outcome_of


@pytest.mark.parametrize("code", [0, 1, 5, 7, 8, 9, 190, 191])
def test_an_ocf_agents_code_is_the_outcomes(code: int):
    assert outcome_of("ocf", "monitor", Exit(code=code)) == Outcome(code, Status.DONE)


@pytest.mark.parametrize(
    ("code", "rc"), [(0, 0), (1, 7), (2, 7), (3, 7), (4, 1), (150, 5), (151, 4), (99, 1)]
)
def test_an_init_scripts_status_is_translated(code: int, rc: int):
    assert outcome_of("lsb", "monitor", Exit(code=code)).rc == rc


@pytest.mark.parametrize(("code", "rc"), [(0, 0), (5, 5), (7, 7), (8, 1), (150, 1)])
def test_an_init_scripts_other_codes_are_its_own_up_to_7(code: int, rc: int):
    assert outcome_of("lsb", "start", Exit(code=code)).rc == rc


@pytest.mark.parametrize("standard", ["ocf", "lsb", "systemd", "stonith"])
def test_a_time_out_is_no_matter_of_codes(standard: str):
    outcome = outcome_of(standard, "start", Exit(code=0, timed_out=True))
    assert (outcome.rc, outcome.status) == (1, Status.TIMEOUT)


def test_a_signal_is_an_error_that_names_it():
    outcome = outcome_of("ocf", "start", Exit(signal=11))
    assert (outcome.rc, outcome.status) == (1, Status.ERROR)
    assert "SIGSEGV" in outcome.reason


@pytest.mark.parametrize(
    ("number", "rc", "status"),
    [(errno.ENOENT, 5, Status.NOT_INSTALLED), (errno.ENOEXEC, 5, Status.NOT_INSTALLED),
     (errno.ENOTDIR, 5, Status.NOT_INSTALLED), (errno.EACCES, 4, Status.ERROR),
     (errno.EPERM, 4, Status.ERROR), (errno.ENOMEM, 1, Status.ERROR)],
)  # fmt: skip
def test_what_could_not_begin_says_why(number: int, rc: int, status: Status):
    outcome = outcome_of("ocf", "start", Exit(errno=number))
    assert (outcome.rc, outcome.status) == (rc, status)
    absent = number in (errno.ENOENT, errno.ENOTDIR)
    assert ("is not installed here" if absent else os.strerror(number)) in outcome.reason


def test_the_reason_is_the_last_line_that_is_marked_as_one():
    stderr = b"noise\nocf-exit-reason:first\nERROR: x ocf-exit-reason:last one \nmore noise\n"
    assert outcome_of("ocf", "start", Exit(code=1, stderr=stderr)).reason == "last one"


def test_a_fence_agents_last_words_are_its_reason():
    outcome = outcome_of("stonith", "off", Exit(code=1, stderr=b"x\nUnable to connect\n\n"))
    assert (outcome.rc, outcome.status, outcome.reason) == (1, Status.ERROR, "Unable to connect")
    assert outcome_of("stonith", "off", Exit(code=1)).reason == "exit status 1"


@given(st.sampled_from(["ocf", "lsb", "stonith", "systemd"]), st.binary(max_size=100))
def test_any_output_gives_a_printable_reason(standard: str, stderr: bytes):
    text = b"ocf-exit-reason:" + stderr
    assert outcome_of(standard, "start", Exit(code=1, stderr=text)).reason.isprintable()
