"""The golden cases that passed when `baseline.json` was written pass still."""

from __future__ import annotations

import os

import pytest

from tests.pe import grade


@pytest.mark.skipif(not grade.CASES.exists(), reason="the golden cases are not beside the checkout")
def test_no_golden_case_that_passed_is_lost() -> None:
    results = grade.judge_all(grade.cases(), jobs=min(2, os.cpu_count() or 1))
    assert grade.lost(results) == []
