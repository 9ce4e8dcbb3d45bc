"""Completion scripts for bash, zsh and fish, made from the click tree.

The tree, the options and the words of each usage are in the script; only ids are asked for, by
`pcsx completion ids KIND...`, and what an agent takes, by `pcsx completion reply WORDS...`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from pcsx.lean import dataclass
from pcsx.shell.places import Spot, kinds_of, what_names
from pcsx.shell.tree import Found, Path, Tree, options_of
from pcsx.shell.usage import Item, Reading, grammar
from pcsx.shell.words import GLOBAL

SHELLS: Final = ("bash", "zsh", "fish")
REPLY: Final = "reply"
"""Stands among the kinds where an agent must be asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one level or command may be followed by: words, options, kinds of ids."""

    path: Path
    words: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    kinds: tuple[str, ...] = ()
    is_closed: bool = False
    """Whether no other words can follow than those of the tree."""

    @property
    def state(self) -> str:
        """Return what the scripts are told of it."""
        return "closed" if self.is_closed else "open"


def entries(root: click.Group) -> list[Entry]:
    """Return an entry for the root, and for every level and command below."""
    tree = Tree(root)
    found = [Entry((), tuple(tree.words(root)), _everywhere(), is_closed=True)]
    for path, command in tree.walk():
        if isinstance(command, click.Group):
            kinds: tuple[str, ...] = ()
            options: tuple[tuple[str, str], ...] = ()
            words = tuple(tree.words(command))
            default = getattr(command, "default", "")
            inner = command.get_command(click.Context(root), default) if default else None
            if inner is not None:
                kinds = _kinds((*path, default), str(getattr(inner, "usage_text", "")))
                options = _own_options(inner)
            found.append(Entry(path, words, options, kinds, is_closed=inner is None))
            continue
        usage = str(getattr(command, "usage_text", ""))
        found.append(
            Entry(path, tuple(_literals(usage)), _own_options(command), _kinds(path, usage))
        )
    return found


def _own_options(command: click.Command) -> tuple[tuple[str, str], ...]:
    return tuple((name + ("=" if value else ""), text) for name, text, value in options_of(command))


def _everywhere() -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"--{option.name}" + ("=" if option.value == "yes" else ""), option.text)
        for option in GLOBAL
        if len(option.name) > 1
    )


def _items(usage: str) -> Iterator[Item]:
    """Yield every item of a usage, wherever it stands."""
    seen = dict.fromkeys(item for steps in grammar(usage)._steps for item, _ in steps)
    yield from seen


def _literals(usage: str) -> Iterator[tuple[str, str]]:
    for item in _items(usage):
        if item.literal and item.literal.isascii() and item.literal[0].isalpha():
            yield item.literal + ("=" if item.is_pair else ""), ""


def _kinds(path: Path, usage: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for item in _items(usage):
        if not item.literal and not item.is_pair:
            found |= dict.fromkeys(kinds_of(item.place, path))
        spot = Spot(Found(path, click.Command(""), (), 0), Reading((), (), True), (), "")
        if item.place == "AGENT" or (item.names and what_names(item, spot)):
            found[REPLY] = None
    return tuple(sorted(found))


def script(root: click.Group, shell: str) -> str:
    """Return the completion script for *shell*."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](entries(root))


_LEAD: Final = "# Completion of pcsx for {}. Made from the command tree: make generated.\n"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _case(name: str, rows: list[tuple[Path, str]]) -> str:
    """Return a function of sh that prints the row of a path."""
    lines = [f"{name}() {{", '    case "$1" in']
    lines += [f"        {_quote(' '.join(path))}) printf '%s\\n' {text} ;;" for path, text in rows]
    lines += ["    esac", "}", ""]
    return "\n".join(lines)


def _bash(found: list[Entry]) -> str:
    return _LEAD.format("bash") + "\n".join(
        [
            _case("_pcsx_words", [(e.path, _names(e.words)) for e in found if e.words]),
            _case("_pcsx_options", [(e.path, _names(e.options)) for e in found if e.options]),
            _case("_pcsx_kinds", [(e.path, _plain(e.kinds)) for e in found if e.kinds]),
            _case("_pcsx_is", [(e.path, e.state) for e in found]),
            _BASH,
        ]
    )


def _names(words: tuple[tuple[str, str], ...]) -> str:
    return " ".join(_quote(name) for name, _ in words)


def _plain(words: tuple[str, ...]) -> str:
    return " ".join(_quote(word) for word in words)


_BASH: Final = r"""_pcsx() {
    local line=${COMP_LINE:0:COMP_POINT} cur path='' next i candidates lead
    local -a words file=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    cur=${words[${#words[@]}-1]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
            -f) file=(-f "${words[++i]}") ;;
            -*) ;;
            *)
                next="${path:+$path }${words[i]}"
                if [[ -z $(_pcsx_is "$next") ]]; then
                    [[ $(_pcsx_is "$path") == closed ]] && return
                    break
                fi
                path=$next
                ;;
        esac
    done
    if [[ ${words[${#words[@]}-2]} == -f ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    if [[ $cur == -* ]]; then
        candidates=$(_pcsx_options "$path"; _pcsx_options '')
    else
        candidates=$(_pcsx_words "$path"; _pcsx_ask "$path")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$cur")
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    lead=${cur%"${cur##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$lead"}")
}

_pcsx_ask() {
    local kinds
    kinds=$(_pcsx_kinds "$1")
    [[ -n $kinds ]] || return
    # shellcheck disable=SC2086
    [[ $kinds == *reply* ]] && pcsx completion reply "${words[@]:1}" 2>/dev/null
    # shellcheck disable=SC2086
    pcsx completion ids "${file[@]}" $kinds 2>/dev/null
}

complete -o default -F _pcsx pcsx
"""


def _zsh(found: list[Entry]) -> str:
    return (
        "#compdef pcsx\n"
        + _LEAD.format("zsh")
        + "\n".join(
            [
                _case("_pcsx_words", [(e.path, _told(e.words, ":")) for e in found if e.words]),
                _case(
                    "_pcsx_options", [(e.path, _told(e.options, ":")) for e in found if e.options]
                ),
                _case("_pcsx_kinds", [(e.path, _plain(e.kinds)) for e in found if e.kinds]),
                _case("_pcsx_is", [(e.path, e.state) for e in found]),
                _ZSH,
            ]
        )
    )


def _told(words: tuple[tuple[str, str], ...], sign: str) -> str:
    def one(name: str, text: str) -> str:
        name = name.replace(":", "\\:") if sign == ":" else name
        return f"{name}{sign}{text}" if text else name

    return " ".join(_quote(one(name, text)) for name, text in words)


_ZSH: Final = r"""_pcsx() {
    local cur=${words[CURRENT]} where='' next i kinds
    local -a file told asked
    for ((i = 2; i < CURRENT; i++)); do
        case ${words[i]} in
            -f) file=(-f "${words[++i]}") ;;
            -*) ;;
            *)
                next="${where:+$where }${words[i]}"
                if [[ -z $(_pcsx_is "$next") ]]; then
                    [[ $(_pcsx_is "$where") == closed ]] && return
                    break
                fi
                where=$next
                ;;
        esac
    done
    if [[ ${words[CURRENT-1]} == -f ]]; then
        _files
        return
    fi
    if [[ $cur == -* ]]; then
        told=("${(@f)$(_pcsx_options "$where"; _pcsx_options '')}")
        _describe -t options option told
        return
    fi
    told=("${(@f)$(_pcsx_words "$where")}")
    [[ -n $told ]] && _describe -t commands word told
    kinds=$(_pcsx_kinds "$where")
    if [[ -n $kinds ]]; then
        asked=("${(@f)$(pcsx completion ids $file ${(f)kinds} 2>/dev/null)}")
        if [[ $kinds == *reply* ]]; then
            asked+=("${(@f)$(pcsx completion reply ${words[2,CURRENT]} 2>/dev/null)}")
        fi
        compadd -S '' -- ${(M)asked:#*=}
        compadd -- ${asked:#(*=|)}
    fi
}

if [[ $funcstack[1] == _pcsx ]]; then
    _pcsx "$@"
else
    compdef _pcsx pcsx
fi
"""


def _fish(found: list[Entry]) -> str:
    return _LEAD.format("fish") + "\n".join(
        [
            _switch("__pcsx_words", [(e.path, _told(e.words, "\t")) for e in found if e.words]),
            _switch(
                "__pcsx_options", [(e.path, _told(e.options, "\t")) for e in found if e.options]
            ),
            _switch("__pcsx_kinds", [(e.path, _plain(e.kinds)) for e in found if e.kinds]),
            _switch("__pcsx_is", [(e.path, e.state) for e in found]),
            _FISH,
        ]
    )


def _switch(name: str, rows: list[tuple[Path, str]]) -> str:
    lines = [f"function {name}", '    switch "$argv"']
    for path, text in rows:
        text = text.replace("'\\''", "\\'")
        lines += [f"        case {_quote(' '.join(path))}", f"            printf '%s\\n' {text}"]
    return "\n".join([*lines, "    end", "end", ""])


_FISH: Final = r"""function __pcsx_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l where ''
    set -l file
    set -l at 2
    while test $at -le (count $words)
        switch $words[$at]
            case -f
                set at (math $at + 1)
                set file -f $words[$at]
            case '-*'
            case '*'
                set -l next (string trim -- "$where $words[$at]")
                if test -z "$(__pcsx_is $next)"
                    test "$(__pcsx_is $where)" = closed; and return
                    break
                end
                set where $next
        end
        set at (math $at + 1)
    end
    if test "$words[-1]" = -f
        __fish_complete_path $cur
        return
    end
    if string match -q -- '-*' $cur
        __pcsx_options $where
        test -n "$where"; and __pcsx_options ''
        return
    end
    __pcsx_words $where
    set -l kinds (__pcsx_kinds $where)
    if test -n "$kinds"
        pcsx completion ids $file $kinds 2>/dev/null
        contains reply $kinds; and pcsx completion reply $words[2..-1] "$cur" 2>/dev/null
    end
end

complete -c pcsx -f -a '(__pcsx_complete)'
"""
