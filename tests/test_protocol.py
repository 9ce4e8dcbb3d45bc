"""Whoever asks is not trusted: a request is what its type says, or is refused in words."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from pcsx.errors import Failed
from pcsx.protocol import FITS, REQUESTS, ClusterSetup, Request, SetupNode, StoreSet, parse

GOOD: dict[str, Any] = {
    "str": "x",
    "int": 7,
    "bool": True,
    "tuple[str, ...]": ["x", "y"],
    "tuple[tuple[str, str], ...]": [["x", "y"]],
    "tuple[int, int, int]": [1, 2, 3],
    "tuple[SetupNode, ...]": [{"name": "n1", "addresses": ["10.0.0.1"]}],
}
BAD = (None, 1.5, 1 << 63, "\ud800", [], [[]], ["x", 1], [["x"]], [1, 2], {}, {"name": 1}, [None])


@pytest.mark.parametrize("do", sorted(REQUESTS))
def test_every_request_comes_back_from_its_json_and_takes_no_other_types(do: str) -> None:
    kind = REQUESTS[do]
    whole = {"do": do, **{each.name: GOOD[str(each.type)] for each in fields(kind)}}
    request = parse(json.loads(json.dumps(whole)))
    assert type(request) is kind
    assert parse(json.loads(json.dumps(request.to_json()))) == request
    for each in fields(kind):
        for value in BAD:
            if value != [] or "..." not in str(each.type):
                with pytest.raises(Failed, match=each.name):
                    parse({**whole, each.name: value})


def test_every_field_has_a_type_that_is_checked() -> None:
    assert {str(each.type) for kind in REQUESTS.values() for each in fields(kind)} == set(FITS)


def test_half_a_letter_is_no_text_and_the_message_says_so() -> None:
    with pytest.raises(Failed, match="value is not text in UTF-8"):
        parse(json.loads('{"do": "store-set", "key": "k", "value": "\\ud800", "type": "str"}'))
    assert parse(StoreSet("k", "😀é\0").to_json()) == StoreSet("k", "😀é\0")


def test_a_node_to_be_set_up_may_have_no_address() -> None:
    asked: Request = parse({"do": "setup", "name": "web", "nodes": [{"name": "n1"}]})
    assert asked == ClusterSetup("web", (SetupNode("n1"),))
