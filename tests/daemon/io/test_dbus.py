"""Laws of D-Bus messages: values come back as they went, at their places."""

from __future__ import annotations

import pytest

from pcsx.daemon.io.dbus import _Reader, _Writer, decoded, encoded_call, sizes_of, split


@pytest.mark.parametrize(
    ("signature", "value"),
    [("s", "nginx.service"), ("u", 7), ("t", 1 << 40), ("b", True), ("as", ["a", "bc"]), ("y", 3)],
)
def test_a_value_is_read_as_it_was_written(signature: str, value: object):
    writer = _Writer()
    writer.data += b"x"  # so that padding counts
    writer.put(signature, value)
    assert _Reader(bytes(writer.data), 1).get(signature) == value


def test_types_strung_together_are_told_apart():
    assert list(split("sa{sv}as(ub)aau")) == ["s", "a{sv}", "as", "(ub)", "aau"]


def test_a_call_is_a_message_with_its_path_member_and_values():
    data = encoded_call(9, "/a/b", "i.f", "Do", "ss", ("one", "two"), destination="org.x")
    head, rest = data[:16], data[16:]
    assert sizes_of(head) == len(rest)
    message = decoded(head, rest)
    assert (message.path, message.interface, message.member) == ("/a/b", "i.f", "Do")
    assert message.body == ("one", "two")


def test_what_is_no_message_is_refused():
    with pytest.raises(ValueError, match="little-endian"):
        sizes_of(b"B" + b"\0" * 15)
    with pytest.raises(ValueError, match="bytes"):
        sizes_of(b"l\1\0\1\xff\xff\xff\x7f" + b"\0" * 8)
