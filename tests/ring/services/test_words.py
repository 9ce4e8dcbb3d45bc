"""The services' words: what decodes encodes to the same bytes, and nothing else raises."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.codec import Malformed
from pcsx.ring.services.words import Holding, Process, Sent, Standing, Word, Written, decode, encode

WHOLE: tuple[Word, ...] = (
    Standing(
        True, (("g", Process(1, 2, 3)),), (("view.node.a.k", "u8", "1"),),
        (("view.shared.k", "str", "v"),), (Holding("l", Process(1, 2, 3), 4, 5),), (),
    ),
    Written("view.shared.x", "str", "y", 7),
    Sent("grüppe", 2**63, b"\x01\x02", 2**40),
    Sent("g", 1, b"", 0),
)  # fmt: skip


def test_words_come_back_as_they_went() -> None:
    for word in WHOLE:
        assert decode(encode(word)) == word


@given(st.sampled_from(WHOLE), st.data())
def test_damaged_words_are_malformed_or_other_words(word: Word, data: st.DataObject) -> None:
    raw = bytearray(encode(word))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))

    for text in (bytes(raw), bytes(raw[:cut])):
        with suppress(Malformed):
            assert encode(decode(text)) == text
