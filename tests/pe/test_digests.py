from pcsx.pe.digests import compared_parameters, digest_of, restart_digest_of


def test_no_parameters_have_the_digest_that_the_field_records() -> None:
    assert digest_of({}) == "f2317cad3d54cec5d7d7aa7d0bf35cf8"


def test_the_order_of_parameters_does_not_matter() -> None:
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"})


def test_meta_entries_do_not_count_but_the_timeout_of_a_recurring_operation() -> None:
    params = {"CRM_meta_x": "1", "crm_feature_set": "3", "ip": "a"}
    assert compared_parameters(params, interval_ms=0, timeout_ms=9) == {"ip": "a"}
    assert compared_parameters(params, interval_ms=5, timeout_ms=9) == {
        "ip": "a",
        "CRM_meta_timeout": "9",
    }


def test_the_restart_digest_is_of_the_listed_parameters_alone() -> None:
    assert restart_digest_of({"a": "1", "b": "2"}, ["a", "z"]) == digest_of({"a": "1"})
