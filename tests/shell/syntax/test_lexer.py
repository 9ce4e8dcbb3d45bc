"""Words and lines: joined, quoted, commented, and written so that they come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.errors import Refused
from pcsx.shell.syntax.lexer import lines, quote, words_of


def words(text: str) -> list[tuple[str, ...]]:
    return [line.words for line in lines(text)]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")))
def test_every_value_comes_back_as_it_was(value: str) -> None:
    assert words_of(f"a={quote(value)} b") == (f"a={value}", "b")


def test_a_backslash_joins_lines() -> None:
    assert words("a b \\\n\tc\nd") == [("a", "b", "c"), ("d",)]


def test_comments_go_with_the_next_line_and_numbers_are_those_of_the_file() -> None:
    (line,) = lines("# one\n\n  # two\nprimitive x\n")
    assert (line.comments, line.number) == (("# one", "# two"), 4)


def test_a_hash_inside_a_line_is_a_word_like_any_other() -> None:
    assert words("rule #uname eq n1") == [("rule", "#uname", "eq", "n1")]


def test_quotes_hold_blanks_and_line_ends() -> None:
    assert words("a='b c' d=\"e\nf\"") == [("a=b c", "d=e\nf")]


def test_in_double_quotes_a_backslash_protects_quotes_and_itself_only() -> None:
    assert words_of(r'"a\"b\\c\d"') == (r'a"b\c\d',)


def test_outside_quotes_a_backslash_protects_any_letter() -> None:
    assert words_of(r"a\b\"c\ d \\") == ('ab"c d', "\\")


def test_raw_xml_keeps_its_quotes() -> None:
    assert words('xml <a b="c d"/> \\\n\nx') == [("xml", '<a b="c d"/>'), ("x",)]


def test_an_open_quote_is_refused_with_its_line() -> None:
    with pytest.raises(Refused) as caught:
        list(lines('a\nb "c'))
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize("value", ("a.b-c_1", "10s", "node1"))
def test_plain_values_are_not_quoted(value: str) -> None:
    assert quote(value) == value


@pytest.mark.parametrize("value", ("", "a b", "/x", "a:b", "a,b", "x=y", "é"))
def test_other_values_are_quoted(value: str) -> None:
    assert quote(value) == f'"{value}"'
