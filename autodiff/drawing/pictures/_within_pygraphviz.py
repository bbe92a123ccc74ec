"""A program that draws with the Graphviz in pygraphviz, image after image, until its input ends.

It is a process of its own, for Graphviz's library can end the process that it fails in, serves one
thread at a time, and writes its warnings to the standard error. It is kept, for to start it takes
longer than to draw.
"""

import signal
import sys


def main() -> None:
    """Answer each request, a line of format, engine and length with the source behind it."""
    import pygraphviz

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # is for the program that asks
    requests, images = sys.stdin.buffer, sys.stdout.buffer
    for request in requests:
        format, engine, length = request.decode().split()
        graph = pygraphviz.AGraph(string=requests.read(int(length)).decode())
        image = graph.draw(format=format, prog=engine)
        images.write(b"%d\n" % len(image) + image)
        images.flush()


if __name__ == "__main__":
    main()
