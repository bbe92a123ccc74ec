"""What may import what, what importing costs, and what a newcomer has to read."""

from __future__ import annotations

import ast
import builtins
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
import nn
from autodiff import grad

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "autodiff": set(),
    "optim": {"autodiff"},
    "nn": {"autodiff", "optim"},
    "fit": {"autodiff", "optim"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            found.add(statement.module or "")
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows_run_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = {name.split(".")[0] for name in imports(path)} & {*MAY_IMPORT, "demos", "tests"}
        assert ours <= MAY_IMPORT[package] | {package}, path


@pytest.mark.parametrize("package", ["nn", "optim", "fit", "demos"])
def test_only_the_public_face_of_another_package_is_used(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for name in imports(path):
            head, _, rest = name.partition(".")
            if head in MAY_IMPORT and head != package:
                assert not rest, f"{path} imports {name}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_what_is_private_to_others_is_not_imported(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.ImportFrom) and part.module:
                names = [f"{part.module}.{alias.name}" for alias in part.names]
                ours = part.module.split(".")[0] in MAY_IMPORT
                assert ours or not any("._" in name for name in names), f"{path} imports {names}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_importing_loads_nothing_heavy(package: str) -> None:
    heavy = ["scipy.optimize", "scipy.stats", "matplotlib", "graphviz", "pygraphviz"]
    heavy += ["safetensors", "sklearn"]
    code = f"import sys, {package}; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_every_public_name_exists_and_is_documented(package: str) -> None:
    module = __import__(package)
    for name in module.__all__:
        assert getattr(module, name).__doc__, f"{package}.{name}"


def test_the_oldest_versions_that_are_tried_are_those_that_are_allowed() -> None:
    tried = (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    allowed = dict(
        requirement.split(">=")
        for requirement in (*project["dependencies"], *extras["plots"], *extras["nn"])
        if ">=" in requirement
    )
    versions = dict(re.findall(r"^(\S+)==(\S+)$", tried, re.MULTILINE))
    for name, version in allowed.items():
        assert re.fullmatch(rf"{re.escape(version)}(\.0)*", versions[name]), name


# -- rooms -----------------------------------------------------------------------------------

WINGS = ("derivatives", "series", "tools", "drawing", "compiled")
ROOMS = {
    "_core": {"_core"},
    "rules": {"_core", "rules"},
    **{wing: {"_core", "rules", wing} for wing in WINGS},
}
# One above the other; curve_fit, which has no result but SciPy's, stands beside what makes results.
FIT_ROOMS = {
    "arguments": set(),
    "models": {"arguments"},
    "problem": {"arguments", "models"},
    "uncertainties": {"arguments", "problem"},
    "verdict": {"arguments", "models", "problem", "uncertainties"},
    "search": {"arguments", "problem", "uncertainties"},
    "resampling": {"arguments", "problem", "uncertainties", "search"},
    "results": {"arguments", "models", "problem", "uncertainties", "verdict", "resampling"},
    "by_search": {"arguments", "models", "problem", "uncertainties", "search", "results"},
    "closed_form": {"arguments", "models", "problem", "uncertainties", "results", "by_search"},
    "as_scipy": {"arguments", "problem", "verdict"},
}
OPTIM_ROOMS = {
    "chunks": {"work"},
    "search": {"chunks"},
    "descent": {"search"},
    "squares": {"search", "descent", "chunks", "work"},
    "roots": {"search", "squares", "chunks"},
    "multipliers": {"search", "descent", "squares", "chunks"},
    "from_scipy": {"search", "descent", "chunks"},
    "training": {"search"},
    "work": set(),
}
STOREYS: dict[str, dict[str, set[str]]] = {"fit": FIT_ROOMS, "optim": OPTIM_ROOMS}


def modules(package: str) -> dict[str, Path]:
    """Return the files of a package by the names that import them."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / package).rglob("*.py")
    }


def arrows(package: str, types: bool = False) -> dict[str, set[str]]:
    """Return which modules each module of a package imports, at any time; for types if asked."""
    known = modules(package)
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for_types = {
            id(part)
            for block in ast.walk(tree)
            if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            for part in ast.walk(block)
        }
        named: set[str] = set()
        for part in ast.walk(tree):
            if id(part) in for_types and not types:
                continue
            if isinstance(part, ast.Import):
                named |= {alias.name for alias in part.names}
            elif isinstance(part, ast.ImportFrom) and part.module:
                named |= {part.module, *(f"{part.module}.{alias.name}" for alias in part.names)}
            elif isinstance(part, ast.Call) and ast.unparse(part.func).endswith("import_module"):
                named |= {a.value for a in part.args if isinstance(a, ast.Constant)}
        ours = named & known.keys() - {name}
        # Of a package beside one of its modules the module is meant.
        found[name] = {o for o in ours if not any(other.startswith(f"{o}.") for other in ours)}
    return found


# In fit not even a type leads back.
@pytest.mark.parametrize(
    ("package", "types"), [("autodiff", False), ("nn", False), ("optim", False), ("fit", True)]
)
def test_there_are_no_circles(package: str, types: bool) -> None:
    left = arrows(package, types)
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    assert not left


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_stand_on_the_core_and_the_rules(room: str) -> None:
    for name, others in arrows("autodiff").items():
        if name.startswith(f"autodiff.{room}"):
            assert {other.split(".")[1] for other in others} <= ROOMS[room], name


@pytest.mark.parametrize(
    ("package", "room"), [(package, room) for package, rooms in STOREYS.items() for room in rooms]
)
def test_rooms_stand_one_above_the_other(package: str, room: str) -> None:
    for name, others in arrows(package).items():
        if name.startswith(f"{package}.{room}."):
            rooms = {other.split(".")[1] for other in others}
            assert rooms <= STOREYS[package][room] | {room}, name


@pytest.mark.parametrize("package", STOREYS)
def test_every_folder_is_a_room(package: str) -> None:
    files = {path.relative_to(ROOT / package).parts for path in (ROOT / package).rglob("*.py")}
    assert {parts[0] for parts in files} == {"__init__.py", *STOREYS[package]}
    assert {len(parts) for parts in files} == {1, 2}


def test_the_arrows_are_seen() -> None:
    found = arrows("autodiff")
    assert "autodiff._core.op" in found["autodiff._core.walks"]
    assert "autodiff.rules._special" in found["autodiff.rules"]  # imported late, by its name
    assert "autodiff._core.op" not in found["autodiff._core.tensor"]  # for types alone


def test_every_folder_of_autodiff_is_a_room() -> None:
    inside = [path.relative_to(ROOT / "autodiff") for path in (ROOT / "autodiff").rglob("*.py")]
    assert {path.parts[0] for path in inside if len(path.parts) > 1} == ROOMS.keys()


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_module_bears_a_public_name(package: str) -> None:
    directly = {path.stem for path in (ROOT / package).iterdir()}
    assert not directly & set(__import__(package).__all__)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_what_is_private_says_so_in_its_path(package: str) -> None:
    for name, path in modules(package).items():
        assert path.stem == "__init__" or "._" in name, path


@pytest.mark.parametrize("package", ["autodiff", "nn", "optim", "fit"])
def test_a_class_name_means_one_class(package: str) -> None:
    names = Counter(
        part.name
        for path in modules(package).values()
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(part, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_class_of_optim_bears_a_public_name_of_fit() -> None:
    names = {
        part.name
        for path in modules("optim").values()
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(part, ast.ClassDef)
    }
    assert not names & set(__import__("fit").__all__)


def thresholds(package: str) -> dict[str, dict[str, str]]:
    """Return by name, and then by file, what the constants are that a file has of its own."""
    found: dict[str, dict[str, str]] = {}
    for name, path in modules(package).items():
        for part in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                value = ast.unparse(part.value)
                if part.targets[0].id.isupper() and re.search(r"^[-\d]|finfo", value):
                    found.setdefault(part.targets[0].id, {})[name] = value
    return found


def test_a_threshold_has_one_value_and_one_home() -> None:
    for word, homes in thresholds("optim").items():
        assert len(homes) == 1, f"{word}: {homes}"


# That a function is "filled" or "kept" says neither what it returns nor what it does.
IRREGULAR = {
    *("bent", "born", "bought", "bound", "broken", "brought", "built", "caught", "chosen", "dealt"),
    *("done", "drawn", "driven", "fallen", "fed", "felt", "forgotten", "found", "frozen", "given"),
    *("gone", "grown", "heard", "held", "hidden", "kept", "known", "laid", "led", "left", "lent"),
    *("lost", "made", "meant", "met", "paid", "rebuilt", "said", "seen", "sent", "shown", "sought"),
    *("spent", "stood", "struck", "swept", "taken", "taught", "thought", "thrown", "told", "torn"),
    *("understood", "undone", "woven", "written"),
}


def is_bare_participle(name: str) -> bool:
    """Whether a name is one word, a participle, that neither NumPy nor Python uses."""
    word = name.strip("_")
    if word in dir(np) or word in dir(builtins) or word == "seed":
        return False
    return word in IRREGULAR or re.fullmatch("[a-z]+ed", word) is not None


def is_attribute(function: ast.FunctionDef) -> bool:
    """Whether a method is read like an attribute, which may be an adjective."""
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    return bool(decorators & {"property", "cached_property"})


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_functions_are_named_for_what_they_return_or_do(package: str) -> None:
    for path in modules(package).values():
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.FunctionDef) and not is_attribute(part):
                assert not is_bare_participle(part.name), f"{path}:{part.lineno} {part.name}"


@pytest.mark.parametrize("name", ["_filled", "kept", "settled", "_put_back", "sorted", "seed"])
def test_bare_participles_are_seen(name: str) -> None:
    assert is_bare_participle(name) == (name in {"_filled", "kept", "settled"})


@pytest.mark.parametrize("package", ["autodiff", "nn", "optim"])
def test_a_type_alias_means_one_thing(package: str) -> None:
    names = Counter(
        ast.unparse(part.target)
        for path in modules(package).values()
        for part in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(part, ast.AnnAssign) and ast.unparse(part.annotation) == "TypeAlias"
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("package", ["autodiff", "nn"])
def test_functions_fit_on_a_screen(package: str) -> None:
    for path in modules(package).values():
        lines = code_lines(path)
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.FunctionDef):
                length = len(lines.intersection(range(part.lineno, (part.end_lineno or 0) + 1)))
                assert length <= 40, f"{path}:{part.lineno} {part.name} has {length} lines"


# What asks for an array of exactly NumPy's type, and why it does so on the spot.
ASKING_BY_TYPE = {
    "the questions themselves": {"_core/array_kinds.py"},
    "on the way of every op and walk, where a call costs a percent": {
        *("_core/constant_arrays.py", "_core/fast_recorders.py", "_core/functions.py"),
        *("_core/machine.py", "_core/scatter.py", "_core/seeds.py", "_core/structures.py"),
        *("_core/fillable.py", "_core/tensor.py", "_core/walks.py"),
        *("rules/_neural.py", "rules/_products.py", "rules/_reductions.py", "rules/_shapes.py"),
    },
    "a plan's stand-ins claim to be arrays, but not by their type": {
        *("compiled/_captured.py", "compiled/_functions.py", "compiled/_key.py"),
        *("compiled/_recorder.py", "compiled/_recording.py", "compiled/_results.py"),
        *("compiled/passes/_gram.py", "tools/_own_op_checks.py"),
    },
    "a subclass of its own": {"drawing/reading/_words.py"},
}


def test_what_kind_of_array_a_value_is_is_asked_in_one_place() -> None:
    asked = re.compile(r"is (not )?np\.ndarray|np\.ndarray \| np\.generic|__dask_graph__")
    package = ROOT / "autodiff"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if asked.search(path.read_text(encoding="utf-8"))
    }
    assert found == set().union(*ASKING_BY_TYPE.values())


def test_every_op_has_a_name() -> None:
    code = (
        "import gc, nn, autodiff.rules._special; from autodiff._core.op import Op;"
        "print(*{op.name for op in gc.get_objects() if isinstance(op, Op)}, sep='|')"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = printed.stdout.strip().split("|")
    assert len(names) > 200
    assert [name for name in names if not name or name.startswith("_") or "<" in name] == []


def test_every_family_of_rules_has_a_file_of_cases() -> None:
    families = {path.stem[1:] for path in (ROOT / "autodiff" / "rules").glob("_[a-z]*.py")}
    without = {"constants", "slopes", "tails"}  # which state no op with a derivative of its own
    cases = {path.stem for path in (ROOT / "tests" / "autodiff" / "cases").glob("[a-z]*.py")}
    assert cases == families - without | {"case"}


# -- the evening -----------------------------------------------------------------------------

# In reading order, as in the README.
EVENING = [
    "_core/tensor.py",
    "_core/record.py",
    "_core/types.py",
    "_core/op.py",
    "_core/table.py",
    "_core/walks.py",
    "_core/functions.py",
    "derivatives/_first.py",
    "rules/_elementwise.py",
]
# What a first reading leaves out.
BESIDE = {
    *("_core/ndarray.py", "_core/structures.py", "_core/scatter.py", "_core/fast_recorders.py"),
    *("_core/checks.py", "_core/seeds.py", "_core/constant_arrays.py", "_core/machine.py"),
    *("_core/hook.py", "_core/array_kinds.py", "_core/closed_arrays.py", "_core/conversions.py"),
}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def code_lines(path: Path) -> set[int]:
    """Return the lines that hold code: neither blank, nor comments, nor docstrings."""
    text = path.read_text(encoding="utf-8")
    docstrings = {
        line
        for part in ast.walk(ast.parse(text))
        if isinstance(part, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(part) is not None
        for line in range(part.body[0].lineno, (part.body[0].end_lineno or 0) + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    code = {
        line
        for token in tokens
        if token.type not in empty | {tokenize.ENDMARKER}
        for line in range(token.start[0], token.end[0] + 1)
    }
    return code - docstrings


def test_the_core_is_read_in_an_evening() -> None:
    assert sum(len(code_lines(ROOT / "autodiff" / file)) for file in EVENING) <= 800


def test_the_readme_lists_what_to_read_in_its_order() -> None:
    text = README[README.index("To read the core") :]
    listed = re.findall(r"\]\(autodiff/([\w/]+\.py)\)", text)
    assert listed[: len(EVENING)] == EVENING


def files_run(call: Callable[[], Any]) -> set[str]:
    """Return the files of autodiff whose functions a call runs."""
    root = Path(autodiff.__file__).parent
    files: set[str] = set()

    def note(frame: Any, event: str, argument: Any) -> None:
        if frame.f_code.co_filename.startswith(str(root)):
            files.add(frame.f_code.co_filename)

    earlier = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(earlier)
    return {Path(file).relative_to(root).as_posix() for file in files}


def test_a_gradient_runs_through_the_evening() -> None:
    (example,) = re.findall(r">>> (def f\(x\):\n)\.\.\. (    return np.log.*\n)", README)[:1]
    namespace: dict[str, Any] = {"np": np}
    exec("".join(example), namespace)
    ran = files_run(lambda: grad(namespace["f"])(np.array([2.0, 5.0])))
    rules = {"rules/_indexing.py"}
    before = {"_core/types.py", "_core/op.py", "_core/table.py"}  # which stated the ops
    assert {*EVENING} - ran <= before
    assert ran <= {*EVENING, *BESIDE, *rules}


def test_backward_runs_through_the_evening() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, size=(200, 2))
    network = nn.MLP([2, 16, 1], activation="tanh", seed=0)
    loss = nn.mean_squared_error(network(points), points.prod(axis=1, keepdims=True))
    ran = files_run(loss.backward)
    rules = {f"rules/_{family}.py" for family in ("products", "reductions", "slopes", "tails")}
    assert {"_core/tensor.py", "_core/walks.py", "rules/_elementwise.py"} <= ran
    assert ran <= {*EVENING, *BESIDE, *rules}
