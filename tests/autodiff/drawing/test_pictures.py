"""Pictures as bytes, in files and in notebooks, and the programs that draw them."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import graphviz
import numpy as np
import pytest

import nn
from autodiff import draw
from autodiff.drawing._themes import DARK, LIGHT, colours
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.pictures import _programs
from autodiff.drawing.pictures._dot import picture
from autodiff.drawing.pictures._picture import Picture
from tests.autodiff.drawing.hand_written import (
    SVG,
    chain,
    every_kind,
    layers,
    needs_graphviz,
    square,
    texts,
    titles,
)

STARTS = [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF")]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
ROOT = Path(__file__).parents[3]


@needs_graphviz
class TestBytes:
    @pytest.mark.parametrize(("format", "start"), STARTS)
    def test_are_of_the_format_that_was_asked_for(self, format: str, start: bytes) -> None:
        drawn = picture(square())
        image = getattr(drawn, format)()
        assert type(image) is bytes
        assert image.startswith(start)
        assert drawn.pipe(format) == image or format == "pdf"  # which holds the time

    def test_are_the_same_each_time(self) -> None:
        assert picture(every_kind()).svg() == picture(every_kind()).svg()

    def test_of_a_copy_are_the_same(self) -> None:
        drawn = picture(every_kind())
        assert drawn.copy().svg() == drawn.svg()

    def test_show_what_was_added_with_graphviz(self) -> None:
        drawn = picture(square())
        drawn.node("more", "something more")
        drawn.graph_attr["rankdir"] = "LR"
        assert "something more" in texts(drawn.svg())

    def test_show_the_notes_of_the_view(self) -> None:
        assert "the value of x has changed since" in texts(picture(every_kind()).svg())

    def test_of_50_nodes_take_little_time(self) -> None:
        picture(square()).svg()

        def seconds() -> float:
            start = time.perf_counter()
            picture(layers(25)).svg()
            return time.perf_counter() - start

        assert any(seconds() < 0.15 for _ in range(20))  # as others may use the machine too


@needs_graphviz
class TestAltText:
    svg = picture(every_kind(), gradients=True).svg()
    root = ElementTree.fromstring(svg)

    def test_makes_it_one_image_with_a_title_and_a_description(self) -> None:
        assert self.root.get("role") == "img"
        assert [child.tag for child in self.root][:2] == [f"{SVG}title", f"{SVG}desc"]
        assert self.root.findtext(f"{SVG}title") == "Computation graph of 7 nodes"

    def test_describes_the_nodes_in_the_order_of_computing(self) -> None:
        described = self.root.findtext(f"{SVG}desc", "").split("; ")
        assert described[0] == "leaf x, (4, 3), all 1, grad all 0"
        assert [text.split(",")[0].split(" ", 1)[0] for text in described] == [
            *("leaf", "parameter", "op", "collapsed", "constant", "output", "failed")
        ]

    def test_of_many_nodes_is_cut_short(self) -> None:
        svg = ElementTree.fromstring(picture(chain(50)).svg())
        assert svg.findtext(f"{SVG}desc", "").endswith("op v39 = sin(v38) * x, 0.3; and 10 more")

    def test_says_what_a_node_is_when_one_hovers_over_it(self) -> None:
        assert titles(self.svg, "node")[2] == (
            "op v1 = x @ layers.0.weight\n(7,)\n1 NaN, 1 inf, 1 … 5\ngrad — (not computed)\n"
            "NaN first here: [0]\n"
            "in model / layers.0\ntrain.py, line 12"
        )

    def test_says_what_an_edge_is_when_one_hovers_over_it(self) -> None:
        assert "layers.1 → loss\n∂loss/∂layers.1 = c" in titles(self.svg, "edge")

    def test_names_the_scopes(self) -> None:
        assert titles(self.svg, "cluster") == ["scope model", "scope model / layers.0"]


@needs_graphviz
class TestDrums:
    @pytest.mark.parametrize("value", [None, np.zeros((3, 4)), np.zeros(100)])
    @pytest.mark.parametrize("gradients", [False, True])
    def test_are_filled_by_their_text_below_the_rim(self, value: Any, gradients: bool) -> None:
        view = View([Vertex("n0", "parameter", "layers.0.weight", value=value, gradient=value)])
        drawn = picture(view, gradients=gradients)
        (drum,) = json.loads(drawn.pipe("json"))["objects"]
        baselines = [text["pt"][1] for text in drum["_ldraw_"] if text["op"] == "T"]
        outline, rim = (
            [y for _, y in drawing["points"]] for drawing in drum["_draw_"] if drawing["op"] in "bB"
        )
        assert 3 <= min(baselines) - min(outline) <= 12
        assert max(baselines) + 0.75 * 12 <= min(rim)


def labels_across_borders(drawn: Picture) -> list[tuple[str, str]]:
    """Return what stands on edges and on a border of a box too, as Graphviz places it."""
    placed = json.loads(drawn.pipe("json"))
    boxes = {
        part["name"]: [float(x) for x in part["bb"].split(",")]
        for part in placed["objects"]
        if "bb" in part
    }
    found = []
    for part in placed["objects"] + placed["edges"]:
        for text in (drawing for drawing in part.get("_ldraw_", ()) if drawing.get("text")):
            x, y = text["pt"]
            left = x - {"l": 0, "c": 0.5, "r": 1}[text["align"]] * text["width"]
            right = left + text["width"]
            for name, (x0, y0, x1, y1) in boxes.items():
                is_beside = y0 < y < y1 and left < x1 and x0 < right
                if is_beside and not (x0 <= left and right <= x1):
                    found.append((name, text["text"]))
    return found


@needs_graphviz
class TestLabels:
    @pytest.mark.parametrize("direction", ["TB", "LR"])
    @pytest.mark.parametrize("layer", ["a", "hidden", "first_hidden_layer"])
    def test_stay_within_their_boxes(self, layer: str, direction: str) -> None:
        class Net(nn.Module):
            def __init__(self) -> None:
                setattr(self, layer, nn.Linear(3, 4))
                self.out = nn.Linear(4, 1)

            def forward(self, x: Any) -> Any:
                return self.out(np.tanh(getattr(self, layer)(x)))

        drawn = draw(Net(), np.ones((5, 3)), derivatives=True, direction=direction)
        assert labels_across_borders(drawn) == []


@needs_graphviz
class TestDarkPages:
    def test_are_known_to_the_style_sheet_alone(self) -> None:
        """Applied to the light picture, the style sheet gives the dark one."""
        auto = picture(every_kind()).svg().decode()
        style = re.search(r"<style>.*</style>\n", auto, re.S)
        assert style is not None
        rules = re.findall(r'\[(\w+)="(#\w+)"\]\{\1:(#\w+)\}', style[0])
        turned = auto.replace(style[0], "")
        for what, light, dark in rules:
            turned = turned.replace(f'{what}="{light}"', f'{what}="{dark}"')
        assert turned == picture(every_kind(), theme="dark").svg().decode()

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_do_not_matter_to_a_theme_that_was_chosen(self, theme: str) -> None:
        assert b"<style" not in picture(every_kind(), theme=theme).svg()

    def test_find_no_colour_that_the_themes_lack(self) -> None:
        for theme, known in (("light", LIGHT), ("dark", DARK)):
            svg = picture(every_kind(), theme=theme, gradients=True).svg().decode()
            used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none", "transparent"}
            assert used <= set(colours(known))


@needs_graphviz
class TestNotebooks:
    def test_are_shown_svg(self) -> None:
        bundle = picture(square())._repr_mimebundle_()
        assert list(bundle) == ["image/svg+xml"]
        ElementTree.fromstring(bundle["image/svg+xml"].encode())

    def test_are_shown_png_on_request(self) -> None:
        bundle = picture(square())._repr_mimebundle_(include=["image/png"])
        assert bundle["image/png"].startswith(b"\x89PNG")


@needs_graphviz
class TestFiles:
    @pytest.mark.parametrize(("format", "start"), STARTS)
    def test_have_the_format_of_their_ending(
        self, format: str, start: bytes, tmp_path: Path
    ) -> None:
        path = picture(square()).save(tmp_path / f"graph.{format}")
        assert path == str(tmp_path / f"graph.{format}")
        assert Path(path).read_bytes().startswith(start)
        assert os.listdir(tmp_path) == [f"graph.{format}"]

    def test_may_end_in_capitals(self, tmp_path: Path) -> None:
        path = picture(square()).save(tmp_path / "GRAPH.PNG")
        assert Path(path).read_bytes().startswith(b"\x89PNG")

    def test_may_be_named_by_nothing_but_an_ending(self, tmp_path: Path) -> None:
        assert Path(picture(square()).save(tmp_path / ".svg")).read_bytes().startswith(b"<?xml")
        path = picture(square()).render(outfile=tmp_path / ".png", cleanup=True)
        assert Path(path).read_bytes().startswith(b"\x89PNG")
        assert sorted(os.listdir(tmp_path)) == [".png", ".svg"]

    @pytest.mark.parametrize("name", ["graph.gv", "graph.dot", "graph", "graph.", None])
    def test_are_the_source_otherwise(self, name: str | None, tmp_path: Path) -> None:
        drawn = picture(square())
        path = Path(drawn.save(name, directory=tmp_path))
        assert path == tmp_path / (name or "Picture.gv")
        assert path.read_text(encoding="utf-8") == drawn.source

    def test_are_made_with_their_directories(self, tmp_path: Path) -> None:
        picture(square()).save(tmp_path / "new" / "newer" / "graph.svg")
        picture(square()).save("graph.svg", directory=tmp_path / "other")
        assert (tmp_path / "new" / "newer" / "graph.svg").exists()
        assert (tmp_path / "other" / "graph.svg").exists()

    def test_that_exist_are_left_on_request(self, tmp_path: Path) -> None:
        for name in ("graph.svg", "graph.gv"):
            (tmp_path / name).write_text("mine")
            picture(square()).save(tmp_path / name, skip_existing=True)
            assert (tmp_path / name).read_text() == "mine"

    def test_are_rendered_beside_their_source(self, tmp_path: Path) -> None:
        path = picture(square()).render("graph.gv", directory=tmp_path, format="png")
        assert path == str(tmp_path / "graph.gv.png")
        assert sorted(os.listdir(tmp_path)) == ["graph.gv", "graph.gv.png"]

    def test_are_rendered_alone_on_request(self, tmp_path: Path) -> None:
        path = picture(square()).render(outfile=tmp_path / "graph.png", cleanup=True)
        assert Path(path).read_bytes().startswith(b"\x89PNG")
        assert os.listdir(tmp_path) == ["graph.png"]

    def test_are_opened_on_request(self, tmp_path: Path, monkeypatch: Any) -> None:
        opened: list[Path] = []
        monkeypatch.setattr(graphviz, "view", lambda path, *, quiet: opened.append(path))
        picture(square()).view("graph.gv", directory=tmp_path)
        assert opened == [tmp_path / "graph.gv.svg"]

    def test_that_exist_are_not_rendered_on_request(self, tmp_path: Path) -> None:
        (tmp_path / "graph.svg").write_text("mine")
        with pytest.raises(graphviz.FileExistsError, match=r"there already: .*graph\.svg"):
            picture(square()).render(outfile=tmp_path / "graph.svg", raise_if_result_exists=True)
        assert os.listdir(tmp_path) == ["graph.svg"]
        assert (tmp_path / "graph.svg").read_text() == "mine"

    def test_take_the_place_of_their_source_on_request_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "graph.svg"
        with pytest.raises(ValueError, match=r"replace its source .*overwrite_source=True"):
            picture(square()).render(path, outfile=path)
        assert not os.listdir(tmp_path)
        picture(square()).render(path, outfile=path, overwrite_source=True, cleanup=True)
        assert path.read_bytes().startswith(b"<?xml")

    @pytest.mark.parametrize("name", ["graph.xyz", "graph.v2", "graph.svg ", ".gitignore"])
    def test_of_an_unknown_format_are_not_written(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"unknown format '.*': give 'svg', 'png', 'pdf'"):
            picture(square()).save(tmp_path / name)
        assert not os.listdir(tmp_path)

    @pytest.mark.parametrize("name", ["graph.svg", "graph.gv"])
    def test_that_cannot_be_written_are_named(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match=f"the file cannot be written .*file.*{name}"):
            picture(square()).save(tmp_path / "file" / name)
        assert os.listdir(tmp_path) == ["file"]

    def test_do_not_take_the_place_of_a_directory(self, tmp_path: Path) -> None:
        (tmp_path / "graph.svg").mkdir()
        with pytest.raises(OSError, match="the file cannot be written"):
            picture(square()).save(tmp_path / "graph.svg")
        assert os.listdir(tmp_path) == ["graph.svg"]

    def test_are_whole_or_as_they_were(self, tmp_path: Path, monkeypatch: Any) -> None:
        path = tmp_path / "graph.svg"
        path.write_text("before")

        def full(self: Path, content: bytes) -> int:
            with open(self, "wb") as file:
                file.write(content[:10])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match=r"cannot be written \(No space left on device\).*graph"):
            picture(square()).save(path)
        assert os.listdir(tmp_path) == ["graph.svg"]
        assert path.read_text() == "before"

    @posix
    def test_keep_their_permissions_and_links(self, tmp_path: Path) -> None:
        path, link = tmp_path / "graph.svg", tmp_path / "link.svg"
        path.write_text("before")
        path.chmod(0o640)
        link.symlink_to(path)
        picture(square()).save(link)
        assert link.is_symlink()
        assert path.read_bytes().startswith(b"<?xml")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    @posix
    def test_do_not_take_the_place_of_a_device(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
        picture(square()).save(pipe)
        assert reader.communicate(timeout=10)[0] == picture(square()).source.encode()
        assert stat.S_ISFIFO(pipe.stat().st_mode)


class TestDot:
    """Where the program dot is on the PATH, it draws."""

    @pytest.fixture(autouse=True)
    def only_the_stand_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if os.name == "nt":
            pytest.skip("the stand-in for dot is a shell script")
        monkeypatch.setenv("PATH", str(tmp_path))

    def stand_in(self, directory: Path, script: str) -> None:
        dot = directory / "dot"
        dot.write_text(f"#!/bin/sh\n{script}\n")
        dot.chmod(0o755)

    def test_is_given_the_source_the_format_and_the_engine(self, tmp_path: Path) -> None:
        self.stand_in(tmp_path, 'echo "$@"; exec /bin/cat')
        drawn = picture(square())
        given = drawn.pipe("xdot", engine="neato", encoding="utf-8")
        assert given == f"-Txdot -Kneato\n{drawn.source}"

    def test_is_given_the_renderer_and_the_formatter(self, tmp_path: Path) -> None:
        self.stand_in(tmp_path, 'echo "$@"')
        asked: dict[str, Any] = {"renderer": "cairo", "formatter": "gd", "neato_no_op": True}
        for quiet in (True, False):
            given = picture(square()).pipe("gif", **asked, quiet=quiet, engine="neato")
            assert given == b"-Tgif:cairo:gd -Kneato -n1\n"
        path = picture(square()).render(tmp_path / "graph.gv", format="gif", **asked)
        assert path == str(tmp_path / "graph.gv.gd.cairo.gif")
        assert Path(path).read_bytes() == b"-Tgif:cairo:gd -Kdot -n1\n"

    def test_draws_svg_with_another_renderer_as_it_does(self, tmp_path: Path) -> None:
        self.stand_in(tmp_path, "echo '<svg width=\"3\"></svg>'")
        assert picture(square()).pipe("svg", renderer="cairo") == b'<svg width="3"></svg>\n'

    def test_that_cannot_be_run_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "dot").write_bytes(b"\x7f no program")
        (tmp_path / "dot").chmod(0o755)
        with pytest.raises(RuntimeError, match=r"could not draw 'svg': .*/dot cannot be run \("):
            picture(square()).svg()

    @pytest.mark.parametrize("format", ["svg", "png", "pdf"])
    def test_that_writes_something_else_is_not_believed(self, format: str, tmp_path: Path) -> None:
        self.stand_in(tmp_path, "echo hi")
        said = f"could not draw '{format}': what it wrote is no {format.upper()}"
        with pytest.raises(RuntimeError, match=said):
            picture(square()).save(tmp_path / f"graph.{format}")
        assert os.listdir(tmp_path) == ["dot"]

    def test_that_writes_svg_in_no_known_encoding_is_not_believed(self, tmp_path: Path) -> None:
        self.stand_in(tmp_path, r"printf '<svg >\377</svg>'")
        with pytest.raises(RuntimeError, match="what it wrote is no SVG"):
            picture(square()).svg()

    def test_is_quoted_when_it_fails(self, tmp_path: Path) -> None:
        self.stand_in(
            tmp_path, "read line; echo 'Warning: w' >&2; echo 'Error: no ink' >&2; exit 1"
        )
        with pytest.raises(RuntimeError, match=r"^Graphviz could not draw 'svg': Error: no ink$"):
            picture(square()).svg()

    def test_is_ended_when_it_hangs(self, tmp_path: Path, monkeypatch: Any) -> None:
        self.stand_in(tmp_path, "exec /bin/sleep 60")
        monkeypatch.setattr(_programs, "SECONDS", 0.1)
        with pytest.raises(TimeoutError, match=r"did not draw 'png' within 0.1 s and was ended"):
            picture(square()).save(tmp_path / "graph.png")
        assert os.listdir(tmp_path) == ["dot"]


class TestPygraphviz:
    """Where there is no dot, pygraphviz draws in a process that is kept."""

    @pytest.fixture(autouse=True)
    def process_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        pytest.importorskip("pygraphviz")
        monkeypatch.setattr(_programs, "which", lambda program: None)
        _programs._end()
        yield
        _programs._end()

    def process_id(self) -> int:
        return _programs._kept[os.getpid()].process.pid

    def test_draws_one_image_after_another_in_the_same_process(self) -> None:
        first = picture(square()).svg()
        process = self.process_id()
        assert picture(square()).png().startswith(b"\x89PNG")
        assert picture(square()).svg() == first
        assert self.process_id() == process

    def test_is_quoted_when_it_fails_and_draws_on(self) -> None:
        broken = picture(square())
        broken.body.append("]")
        with pytest.raises(RuntimeError, match=r"^Graphviz could not draw 'svg': .*syntax error"):
            broken.svg()
        assert picture(square()).svg().startswith(b"<?xml")

    @pytest.mark.parametrize("asked", [{"renderer": "cairo"}, {"neato_no_op": 2}])
    def test_refuses_what_only_dot_does(self, asked: Any) -> None:
        with pytest.raises(RuntimeError, match="need Graphviz's program dot on the PATH") as caught:
            picture(square()).pipe("png", **asked)
        assert "\n" not in str(caught.value)

    def test_says_so_where_it_lacks_a_format(self) -> None:
        with pytest.raises(RuntimeError, match=r"^Graphviz could not draw 'psd': .*psd.*"):
            picture(square()).pipe("psd")
        assert picture(square()).svg().startswith(b"<?xml")

    @posix
    def test_draws_on_after_its_process_was_killed(self) -> None:
        picture(square()).svg()
        os.kill(self.process_id(), signal.SIGKILL)
        _programs._kept[os.getpid()].process.wait()
        assert picture(square()).svg().startswith(b"<?xml")

    def test_is_ended_when_it_hangs(self, tmp_path: Path, monkeypatch: Any) -> None:
        slow = tmp_path / "slow.py"
        slow.write_text("import time; time.sleep(60)")
        with monkeypatch.context() as patch:
            patch.setattr(_programs, "WITHIN_PYGRAPHVIZ", slow)
            patch.setattr(_programs, "SECONDS", 0.2)
            with pytest.raises(TimeoutError, match=r"did not draw 'svg' within 0.2 s.*draw less"):
                picture(square()).save(tmp_path / "graph.svg")
        assert os.listdir(tmp_path) == ["slow.py"]
        assert picture(square()).svg().startswith(b"<?xml")

    def test_is_ended_when_the_reader_loses_patience(self, monkeypatch: Any) -> None:
        def interrupt(self: Any, request: bytes) -> bytes:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(_programs._KeptProcess, "_answer", interrupt)
            with pytest.raises(KeyboardInterrupt):
                picture(square()).svg()
        assert not _programs._kept
        assert picture(square()).svg().startswith(b"<?xml")

    def test_ends_with_the_program(self) -> None:
        code = (
            "from tests.autodiff.drawing.hand_written import square\n"
            "from autodiff.drawing.pictures import _dot, _programs\n"
            "_programs.which = lambda program: None\n"
            "_dot.picture(square()).svg()\n"
            "print(*[kept.process.pid for kept in _programs._kept.values()])\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        with pytest.raises(ProcessLookupError):
            os.kill(int(done.stdout), 0)


class TestWithoutGraphviz:
    @pytest.fixture(autouse=True)
    def nothing_draws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setitem(sys.modules, "pygraphviz", None)

    @pytest.fixture
    def drawn(self) -> Picture:
        pytest.importorskip("autodiff.drawing.pictures._svg")
        return picture(square(), theme="dark")

    def test_svg_is_drawn_by_the_own_layout(self, drawn: Picture, tmp_path: Path) -> None:
        assert {"x", "3", "y", " = x * x"} <= set(
            re.split("\n|(?<=y)", "\n".join(texts(drawn.svg())))
        )
        assert Path(drawn.save(tmp_path / "graph.svg")).read_bytes() == drawn.svg()
        assert DARK.paper.encode() in drawn.svg()

    def test_svg_of_a_copy_is_drawn_too(self, drawn: Picture) -> None:
        assert drawn.copy().svg() == drawn.svg()

    def test_svg_is_turned_with_the_picture(self, drawn: Picture) -> None:
        upright = drawn.svg()
        drawn.graph_attr["rankdir"] = "LR"
        assert drawn.svg() != upright

    def test_svg_of_what_was_added_is_refused(self, drawn: Picture) -> None:
        drawn.node("more")
        with pytest.raises(RuntimeError, match="no program that draws what was added"):
            drawn.svg()

    @pytest.mark.parametrize("attributes", ["graph_attr", "node_attr", "edge_attr"])
    def test_svg_of_what_was_changed_is_refused(self, drawn: Picture, attributes: str) -> None:
        getattr(drawn, attributes)["bgcolor"] = "red"
        with pytest.raises(RuntimeError, match=r"no program that draws what was .*changed in it"):
            drawn.svg()

    def test_svg_in_an_unknown_direction_is_refused(self, drawn: Picture) -> None:
        drawn.graph_attr["rankdir"] = "lr"
        with pytest.raises(ValueError, match="unknown direction 'lr': give one of TB, BT, LR, RL"):
            drawn.svg()

    @pytest.mark.parametrize("asked", [{"renderer": "cairo"}, {"neato_no_op": True}])
    def test_svg_as_only_dot_draws_it_is_refused(self, drawn: Picture, asked: Any) -> None:
        with pytest.raises(RuntimeError, match="need Graphviz's program dot on the PATH"):
            drawn.pipe("svg", **asked)

    @pytest.mark.parametrize("format", ["png", "pdf", "svgz"])
    def test_nothing_else_is_drawn(self, format: str, tmp_path: Path) -> None:
        with pytest.raises(
            RuntimeError,
            match=rf"no program that draws '{format}': pip install 'chainrule\[draw\]'",
        ) as caught:
            picture(square()).save(tmp_path / f"graph.{format}")
        assert "\n" not in str(caught.value)
        assert not os.listdir(tmp_path)

    def test_no_engine_is_replaced(self) -> None:
        with pytest.raises(RuntimeError, match="no program that draws 'svg'"):
            picture(square()).pipe("svg", engine="neato")

    def test_the_source_is_written_still(self, tmp_path: Path) -> None:
        assert Path(picture(square()).save(tmp_path / "graph.gv")).exists()


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown engine 'cat': give one of.*'dot'"):
        picture(View()).pipe("svg", engine="cat")


@pytest.mark.parametrize("what", ["renderer", "formatter"])
def test_an_unknown_renderer_is_refused(what: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown {what} 'cat': give one of.*'cairo'"):
        picture(View()).pipe("svg", **{what: "cat"})


def test_a_formatter_without_a_renderer_is_refused() -> None:
    with pytest.raises(graphviz.RequiredArgumentError, match="formatter='gd' needs a renderer"):
        picture(View()).pipe("png", formatter="gd")
