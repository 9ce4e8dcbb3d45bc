"""Options: known by every name, judged by their kind, and none twice."""

import pytest

from pcsx.cib.options import (
    CLUSTER,
    FENCING,
    META,
    OPERATION,
    QUORUM,
    Kind,
    Table,
    check_options,
    names_of,
)
from pcsx.errors import Severity

TABLES = (CLUSTER, META, OPERATION, FENCING, QUORUM)


@pytest.mark.parametrize("table", TABLES)
def test_every_default_is_a_value_that_its_option_accepts(table: Table) -> None:
    for option in table.values():
        assert option.default == "" or option.accepts(option.default), option.name
        assert option.text
        assert bool(option.choices) == (option.kind is Kind.CHOICE)


def test_the_older_and_the_newer_name_are_one_option() -> None:
    assert CLUSTER["fencing-enabled"] is CLUSTER["stonith-enabled"]
    assert "fencing-enabled" not in names_of(CLUSTER)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    (
        ("stonith-enabled", "Yes", "maybe"),
        ("batch-limit", "-1", "-2"),
        ("batch-limit", "30", "many"),
        ("node-health-red", "-INFINITY", "red"),
        ("cluster-recheck-interval", "5min", "soon"),
        ("load-threshold", "70%", "high"),
        ("no-quorum-policy", "freeze", "hope"),
    ),
)
def test_values_are_judged_by_the_options_kind(name: str, good: str, bad: str) -> None:
    assert list(check_options(CLUSTER, [(name, good)], "s")) == []
    (finding,) = check_options(CLUSTER, [(name, bad)], "s")
    assert (finding.code, finding.severity) == ("option-value", Severity.ERROR)


def test_an_unknown_option_is_told_with_the_nearest_known() -> None:
    (finding,) = check_options(CLUSTER, [("maintenence-mode", "true")], "s")
    assert (finding.code, finding.hint) == ("option-unknown", "Did you mean maintenance-mode?")
    assert list(check_options(CLUSTER, [("xyzzy", "1")], "s", unknown=None)) == []
