"""Versions of the functions and classes that travel by their names, and are imported elsewhere.

A worker that has imported a module goes on with it when its file has changed since. So the code is
compared, with what it calls and reads by name: functions, classes and numbers of the user's own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from dis import get_instructions
from functools import lru_cache, reduce
from hashlib import sha256
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeAlias

Versions: TypeAlias = dict[tuple[str, str], str | None]  # by module and name; None: not compared

PYTHON = (*sys.version_info[:2], sys.flags.optimize)  # each makes code of its own
NOT_FOLLOWED = frozenset({*sys.stdlib_module_names, "autodiff", "fit", "nn", "optim"})
INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
REWRITTEN = "@pytest_ar"  # a name in functions whose assertions pytest has rewritten
ADVICE = (
    "make a new pool, or restart the workers (those of Dask by client.upload_file, then "
    "client.restart())"
)


def note_versions(versions: Versions, x: Any, by_value: Collection[str]) -> None:
    """Add the versions of a function or class, and of what it calls and reads by name.

    There are none of modules that travel by value, for their code comes along; and none of what is
    installed, whose numbers may change while a program runs.
    """
    waiting = [(x.__module__, x.__qualname__, x)]
    while waiting:
        module, name, value = waiting.pop()
        source = module if _is_number(value) else value.__module__
        if (module, name) in versions or not (_is_followed(module) and _is_followed(source)):
            continue
        is_imported = not _is_in(module, by_value) and _value_of(module, name) is value
        if is_imported:
            versions[module, name] = _version(value)
        elif value is not x:
            continue
        for function in _functions(value):
            home = function.__globals__.get("__name__", "")
            if is_imported:
                changing = _read(function.__code__).changing
                versions |= {(home, name): None for name in changing}
            waiting += [one for one in _read_by(function) if is_imported or one[0] != home]
        for base in getattr(value, "__bases__", ()):
            waiting.append((base.__module__, base.__qualname__, base))


def compare_versions(versions: Versions) -> None:
    """Refuse what is another version here; what is missing is told where it is called.

    Raises
    ------
    RuntimeError
        When a function, a class or a number differs from what was noted.
    """
    for (module, name), version in versions.items():
        value = _value_of(module, name)
        here = _version(value)
        if None in (version, here) or version == here:
            continue
        what, advice = "another version than this program's", ADVICE
        if _is_number(value):
            what, advice = f"{here}, this program's {version}", f"{ADVICE}, or pass it as argument"
        raise RuntimeError(f"a worker's {module}.{name} is {what}: {advice}")


@lru_cache(maxsize=1024)
def _is_followed(module: Any) -> bool:
    """Whether a module is the user's own."""
    if not isinstance(module, str) or module.partition(".")[0] in NOT_FOLLOWED:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return module == "__main__" or not INSTALLED.search(file or "")


def _is_in(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _value_of(module: str, name: str) -> Any:
    """Return what a name means in a module, None where that is nothing."""
    return reduce(lambda x, part: getattr(x, part, None), name.split("."), sys.modules.get(module))


def _is_number(x: Any) -> bool:
    if isinstance(x, tuple):
        return all(map(_is_number, x))
    return isinstance(x, int | float | complex)


def _version(x: Any) -> str | None:
    """Return what tells a number, or the code of a function or class, from others."""
    if _is_number(x):
        return repr(x)
    if not isinstance(x, FunctionType | type):
        return None
    read = [(f, _read(f.__code__)) for f in _functions(x)]
    if any(REWRITTEN in code.names for _, code in read):
        return None
    text = repr([(code.text, _defaults(f)) for f, code in read])
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def _functions(x: Any) -> list[FunctionType]:
    """Return a function, or those of a class, and the ones that they were decorated from."""
    members = vars(x).values() if isinstance(x, type) else [x]
    waiting = [getattr(m, "__func__", getattr(m, "fget", m)) for m in members]
    found: list[FunctionType] = []
    while waiting:
        function = waiting.pop()
        if isinstance(function, FunctionType) and function not in found:
            found.append(function)
            for cell in function.__closure__ or ():
                with suppress(ValueError):  # of an empty one
                    waiting.append(cell.cell_contents)
    return found


def _defaults(function: FunctionType) -> list[Any]:
    """Return the defaults of arguments that are numbers, None in the place of others."""
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return [x if _is_number(x) else None for x in defaults]


def _read_by(function: FunctionType) -> Iterator[tuple[str, str, Any]]:
    """Yield the functions, classes and numbers that a function finds by name, and where."""
    code = _read(function.__code__)
    waiting = [(function.__globals__.get("__name__", ""), function.__globals__, code.loaded)]
    seen = set()
    while waiting:
        module, names, asked = waiting.pop()
        for name in asked & names.keys():
            value = names[name]
            if isinstance(value, FunctionType | type) or _is_number(value):
                yield module, name, value
            elif isinstance(value, ModuleType) and value.__name__ not in seen:
                seen.add(value.__name__)
                if _is_followed(value.__name__):
                    waiting.append((value.__name__, vars(value), code.names))


class _Code(NamedTuple):
    """What is read in code, and that of the functions in it."""

    text: str
    names: frozenset[str]  # of attributes, too
    loaded: frozenset[str]  # names of the module
    changing: frozenset[str]  # names to which it assigns in the module


@lru_cache(maxsize=1024)
def _read(code: CodeType) -> _Code:
    inner = [_read(x) for x in code.co_consts if isinstance(x, CodeType)]
    named: dict[str, set[str]] = {"LOAD_GLOBAL": set(), "LOAD_NAME": set(), "STORE_GLOBAL": set()}
    for instruction in get_instructions(code):
        named.get(instruction.opname, set()).add(instruction.argval)
    constants = [_constant(x) for x in code.co_consts]
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    text = repr((code.co_code, constants, code.co_names, code.co_varnames, counts))
    return _Code(
        text,
        frozenset(code.co_names).union(*(x.names for x in inner)),
        frozenset(named["LOAD_GLOBAL"] | named["LOAD_NAME"]).union(*(x.loaded for x in inner)),
        frozenset(named["STORE_GLOBAL"]).union(*(x.changing for x in inner)),
    )


def _constant(x: Any) -> str:
    """Return a constant as text, which is the same in each process."""
    if isinstance(x, CodeType):
        return _read(x).text
    return repr(sorted(map(_constant, x)) if isinstance(x, frozenset) else x)
