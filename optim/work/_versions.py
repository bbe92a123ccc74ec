"""Versions of the functions and classes that travel by their names, and are imported elsewhere.

A worker that has imported a module goes on with it when its file has changed since. So the code is
compared, with what it calls and reads by name: functions, classes and numbers of the user's own.

Numbers may differ with good reason: a time, a rank, what an initializer or a flag has set. They are
told apart only where the file is newer than the worker.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cached_property, lru_cache, reduce
from hashlib import sha256
from time import time
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeAlias

import numpy as np


class Version(NamedTuple):
    """Digests of the code of a function or class, and of a number, or those which these hold."""

    code: str
    numbers: str


Versions: TypeAlias = dict[tuple[str, str], Version | None]  # by module and name; None: unknown

PYTHON = (*sys.version_info[:2], sys.flags.optimize)  # each makes code of its own
NOT_FOLLOWED = frozenset({*sys.stdlib_module_names, "autodiff", "fit", "nn", "optim"})
INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
REWRITTEN = "@pytest_ar"  # a name in functions whose assertions pytest has rewritten
NUMBERS = frozenset({bool, int, float, complex, np.float64})  # of others, texts may differ
CACHED = type(lru_cache(len))
INNER = {  # where what holds a function has it
    staticmethod: "__func__",
    classmethod: "__func__",
    property: "fget",
    cached_property: "func",
    CACHED: "__wrapped__",
}
BEGUN = {os.getpid(): time()}  # a process; one that was forked has a number of its own


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
    since = BEGUN.setdefault(os.getpid(), time())
    for (module, name), version in versions.items():
        here = _version(_value_of(module, name))
        if version is None or here is None or version == here:
            continue
        if version.code != here.code or _is_newer(module, since):
            raise RuntimeError(
                f"a worker's {module}.{name} is another version than this program's: make a new "
                "pool, or restart the workers (those of Dask by client.upload_file, then "
                "client.restart())"
            )


def _is_newer(module: str, since: float) -> bool:
    """Whether the file of a module was changed since a time."""
    with suppress(OSError, KeyError, TypeError):  # of a module without a file of its own
        return os.path.getmtime(vars(sys.modules[module])["__file__"]) > since
    return False


@lru_cache(maxsize=1024)
def _is_followed(module: Any) -> bool:
    """Whether a module is the user's own."""
    if not isinstance(module, str) or module.partition(".")[0] in NOT_FOLLOWED:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return module == "__main__" or not INSTALLED.search(str(file))


def _is_in(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _value_of(module: str, name: str) -> Any:
    """Return what a name means in a module, None where that is nothing."""
    x: Any = sys.modules.get(module)
    with suppress(Exception):  # which a __getattr__ of the user's may raise
        return reduce(lambda x, part: getattr(x, part, None), name.split("."), x)
    return None


def has_version(x: Any) -> bool:
    """Whether something is a function or class; its type is asked, for proxies would compute."""
    return issubclass(type(x), FunctionType | type | CACHED)


def _is_number(x: Any) -> bool:
    return type(x) in NUMBERS or (type(x) is tuple and all(map(_is_number, x)))


def _version(x: Any) -> Version | None:
    """Return what tells a number, a function or a class from others, None for anything else."""
    if _is_number(x):
        return Version("", _digest(x))
    if not has_version(x):
        return None
    read = [(f, _read(f.__code__)) for f in _functions(x)]
    if any(REWRITTEN in code.names for _, code in read):
        return None
    members = vars(x).items() if isinstance(x, type) else ()
    held = [v for name, v in members if _is_number(v) and name[:2] != "__"]  # as of Python's lines
    code, numbers = [code.text for _, code in read], [held, *(_numbers(f) for f, _ in read)]
    return Version(_digest(code), _digest(numbers))


def _digest(x: Any) -> str:
    return sha256(_text(x).encode(errors="surrogatepass")).hexdigest()


def _functions(x: Any) -> list[FunctionType]:
    """Return a function, or those of a class, and the ones that they were decorated from."""
    waiting = [*vars(x).values()] if isinstance(x, type) else [x]
    found: list[FunctionType] = []
    while waiting:
        function = waiting.pop()
        if type(function) in INNER:
            waiting.append(getattr(function, INNER[type(function)]))
        elif type(function) is FunctionType and function not in found:
            found.append(function)
            waiting += _closed_over(function)
    return found


def _closed_over(function: FunctionType) -> list[Any]:
    """Return what the functions around a function have left in it."""
    found = []
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # of an empty one
            found.append(cell.cell_contents)
    return found


def _numbers(function: FunctionType) -> list[Any]:
    """Return the numbers that are defaults or closed over, None in the place of others."""
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return [x if _is_number(x) else None for x in (*defaults, *_closed_over(function))]


def _read_by(function: FunctionType) -> Iterator[tuple[str, str, Any]]:
    """Yield the functions, classes and numbers that a function finds by name, and where.

    In the place of other objects, their classes.
    """
    asked = _read(function.__code__).names
    waiting = [(function.__globals__.get("__name__", ""), function.__globals__)]
    seen = set()
    while waiting:
        module, names = waiting.pop()
        for name in asked & names.keys():
            value = names[name]
            if has_version(value) or _is_number(value):
                yield module, name, value
            elif issubclass(type(value), ModuleType):
                if value.__name__ not in seen and _is_followed(value.__name__):
                    seen.add(value.__name__)
                    waiting.append((value.__name__, vars(value)))
            else:
                yield type(value).__module__, type(value).__qualname__, type(value)


class _Code(NamedTuple):
    """What is read in code, and that of the functions in it."""

    text: str
    names: frozenset[str]  # of the module, and of attributes


@lru_cache(maxsize=1024)
def _read(code: CodeType) -> _Code:
    inner = [_read(x) for x in code.co_consts if isinstance(x, CodeType)]
    constants = [_text(x) for x in code.co_consts]
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    text = repr((code.co_code, constants, code.co_names, code.co_varnames, counts))
    return _Code(text, frozenset(code.co_names).union(*(x.names for x in inner)))


def _text(x: Any) -> str:
    """Return a constant as text, which is the same in each process."""
    if isinstance(x, CodeType):
        return _read(x).text
    if type(x) is int:
        return hex(x)  # Python makes no decimals of long ones
    if isinstance(x, tuple | list | frozenset):
        texts = map(_text, x)
        return repr(sorted(texts) if isinstance(x, frozenset) else [*texts])
    return repr(x)
