"""Write PyTorch's numbers into training_by_pytorch.json, for the cases that stand in it.

To add one, add its optimiser and settings under "updates", and run
``python -m tests.optim.by_pytorch`` where PyTorch is installed: what has no values yet is given
them. Choose settings with which the steps come to rest: those that go to and fro make more of
rounding than the comparison allows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "training_by_pytorch.json"


def steps(case: dict[str, Any], problem: dict[str, Any], recorded: list[int]) -> dict[str, Any]:
    """Return a case with the parameters after the recorded steps, and the norms that were cut."""
    import torch

    X, Y, W, b = (torch.tensor(problem[name], dtype=torch.float64) for name in "XYWb")
    parameters = [W.requires_grad_(), b.requires_grad_()]
    optimizer = getattr(torch.optim, case["optimizer"])(parameters, **case["settings"])
    clip, values, norms = case.get("clip", {}), [], []
    for step in range(1, max(recorded) + 1):
        optimizer.zero_grad()
        shift = b.detach() if case.get("skips_b") and step % 3 == 1 else b
        loss = torch.mean((torch.tanh(X @ W + shift) - Y) ** 2)
        ((1000 if clip else 10) * loss).backward()
        norm = 0.0
        if "max_norm" in clip:
            norm = float(torch.nn.utils.clip_grad_norm_(parameters, clip["max_norm"]))
        if "limit" in clip:
            torch.nn.utils.clip_grad_value_(parameters, clip["limit"])
        optimizer.step()
        if step in recorded:
            values.append([*W.detach().ravel().tolist(), *b.detach().tolist()])
            norms.append(norm)
    return {**case, "values": values, **({"norms": norms} if "max_norm" in clip else {})}


def text(numbers: Any) -> str:
    """Return JSON with a line for each list of numbers."""
    rows = re.compile(r"\[[^\[\]{}\"]*\]")
    return rows.sub(
        lambda row: " ".join(row[0].split()).replace("[ ", "[").replace(" ]", "]"),
        json.dumps(numbers, indent=1),
    )


if __name__ == "__main__":
    known = json.loads(FILE.read_text(encoding="utf-8"))
    for group in ("updates", "clipping"):
        known[group] = [
            case if "values" in case else steps(case, known["problem"], known["recorded"])
            for case in known[group]
        ]
    FILE.write_text(text(known) + "\n", encoding="utf-8")
