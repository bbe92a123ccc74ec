"""Run the lessons, all or those that are named, and write their site."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import webbrowser
from pathlib import Path

from demos.contents import HEADINGS, LESSONS, LONG
from demos.website.lessons import read_title


def main() -> None:
    """Run what the command line asks for."""
    names, options = _arguments()
    if options.list:
        _list(names)
        return
    try:
        from demos.website.building import build
    except ImportError as error:
        sys.exit(f"the site needs {error.name}: pip install 'chainrule[demos]'")
    folder = Path("gallery")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        sys.exit(f"expected a folder gallery to write the site to: {error}")
    named = options.names if options.quick else LONG
    left_out = [name for name in LONG if name in names and name not in named]
    chosen = [name for name in names if name not in left_out]
    try:
        failed = build(chosen, folder, whole=not options.names)
    except KeyboardInterrupt:
        print("stopped: the site has what was run before", file=sys.stderr)
        sys.exit(130)
    if left_out:
        print(f"left out by --quick: {', '.join(left_out)}")
    if options.show:
        webbrowser.open((folder / "index.html").absolute().as_uri())
    if failed:
        sys.exit(f"not whole: {', '.join(failed)}")


def _arguments() -> tuple[list[str], argparse.Namespace]:
    known = [*HEADINGS, *LESSONS]
    parser = argparse.ArgumentParser(
        prog="python -m demos", description=__doc__
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"lessons or headings: {', '.join(known)}",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the lessons, and run none"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"without {', '.join(LONG)}, unless named",
    )
    parser.add_argument(
        "--show", action="store_true", help="open the site in a browser"
    )
    options = parser.parse_intermixed_args()
    for name in options.names:
        if name not in known:
            near = difflib.get_close_matches(name, known)
            parser.error(
                f"no lesson {name}: did you mean {' or '.join(near)}?"
                if near
                else f"no lesson {name}: expected {', '.join(known)}"
            )
    names = [
        name
        for asked in options.names or LESSONS
        for name in (HEADINGS[asked].lessons if asked in HEADINGS else (asked,))
    ]
    return list(dict.fromkeys(names)), options


def _list(names: list[str]) -> None:
    for heading in HEADINGS.values():
        listed = [name for name in heading.lessons if name in names]
        if listed:
            print(heading.title)
        for name in listed:
            print(f"  {name:20} {read_title(name)}")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # titles have χ and the like, which not every terminal has letters for
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # as "| head" leaves it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(f"the site cannot be written: {error}")
