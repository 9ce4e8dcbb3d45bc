"""The words of a call: options with and without values, by their short and long names."""

from __future__ import annotations

from pcsx.daemon.tools.port import Wrong

Options = dict[str, str]


def parsed(words: tuple[str, ...], table: str) -> tuple[Options, list[str]]:
    """Return the options of *words*, by their first long name, and what is left.

    *table* has a word an option, `name|other|x`: ending in `=` it takes a value, in `?` it takes
    one if the next word is no option.
    """
    known: dict[str, tuple[str, str]] = {}
    for entry in table.split():
        kind = entry[-1] if entry[-1] in "=?" else ""
        names = entry.rstrip("=?").split("|")
        known |= dict.fromkeys(names, (names[0], kind))
    found: Options = {}
    left: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-") or word == "-":
            left.append(word)
            continue
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
        else:
            name, value = word[1], word[2:]
            equals = "=" if value else ""
        if name not in known:
            raise Wrong(f"unknown option {word}")
        option, kind = known[name]
        if not kind and equals and not word.startswith("--"):
            queue.insert(0, f"-{value}")  # several short options in one word
        elif kind == "=" and not equals:
            if not queue:
                raise Wrong(f"{word} needs a value")
            value = queue.pop(0)
        elif kind == "?" and not equals and queue and not queue[0].startswith("-"):
            value = queue.pop(0)
        found[option] = value if kind else "1"
    return found, left
