"""Words taken apart: `name=value` pairs, keyword sections, and the faults in them.

The messages are those that callers of `pcs` look for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pcsx.errors import PcsxError
from pcsx.shell.words import wrong_words


def pairs(words: Iterable[str]) -> dict[str, str]:
    """Return the `name=value` words as a mapping; raise on any other word, or two values."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise wrong_words(f"missing value of '{word}' option")
        if not name:
            raise wrong_words(f"missing key in '{word}' option")
        if found.get(name, value) != value:
            raise wrong_words(
                f"duplicate option '{name}' with different values '{found[name]}' and '{value}'"
            )
        found[name] = value
    return found


def leading_and_pairs(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words before the first `name=value`, and the pairs from there on."""
    index = next((n for n, word in enumerate(words) if "=" in word), len(words))
    return list(words[:index]), pairs(words[index:])


def sections(
    words: Sequence[str], keywords: Iterable[str], *, once: Iterable[str] = ()
) -> dict[str, list[list[str]]]:
    """Return the words after each keyword, one list a time it stands; "" has those before any.

    A keyword in *once* may stand more than once too, but its words are one list.
    """
    wanted = set(keywords)
    joined = set(once)
    found: dict[str, list[list[str]]] = {"": [[]]}
    current = found[""][0]
    for word in words:
        if word in wanted:
            lists = found.setdefault(word, [])
            if word not in joined or not lists:
                lists.append([])
            current = lists[-1]
        else:
            current.append(word)
    return found


def flat(lists: Sequence[Sequence[str]] | None) -> list[str]:
    """Return the words of all *lists*."""
    return [word for words in lists or () for word in words]


def operations(words: Sequence[str]) -> list[dict[str, str]]:
    """Return the operations that the words after `op` spell: a name, then its options, again."""
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if "=" not in word:
            found.append((word, []))
        elif not found:
            raise wrong_words("When using 'op' you must specify an operation name after 'op'")
        else:
            found[-1][1].append(word)
    return [{"name": name, **pairs(options)} for name, options in found]


def misused(usage: str) -> PcsxError:
    """Return the error for words that do not make a command, with how it is written."""
    return wrong_words("the command lacks a word or has one too many", hint=f"Usage: {usage}")


def listed(values: Iterable[str]) -> str:
    """Return the values as messages list them."""
    return ", ".join(f"'{value}'" for value in values)


def plural(count: int, one: str, many: str) -> str:
    """Return *one* or *many*, by *count*."""
    return one if count == 1 else many
