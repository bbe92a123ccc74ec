"""Write PyTorch's numbers into losses_by_pytorch.json, for the cases that stand in it.

To add one, add its loss and settings under "cases" and run ``python -m tests.nn.by_pytorch`` where
PyTorch is installed: what has no value yet is given one, with its gradient and its second
derivative along "direction". Of a loss that PyTorch does not weight by rows, the unreduced losses
are weighted here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.optim.by_pytorch import text

FILE = Path(__file__).parent / "losses_by_pytorch.json"
THEIRS = {
    "mean_squared_error": "mse_loss",
    "mean_absolute_error": "l1_loss",
    "huber": "huber_loss",
    "cross_entropy": "cross_entropy",
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
}


def value_and_derivatives(case: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return a case with PyTorch's value, gradient, and second derivative along the direction."""
    import torch

    def tensor(name: str) -> Any:
        dtype = torch.int64 if name == "labels" else torch.float64
        return torch.tensor(data[name], dtype=dtype)

    settings = dict(case["settings"])
    weights = tensor(settings.pop("sample_weight")) if "sample_weight" in settings else None
    if "weight" in settings:
        settings["weight"] = tensor(settings["weight"])
    predictions = tensor(case["predictions"]).requires_grad_()
    if weights is not None:
        settings["reduction"] = "none"
    loss = getattr(torch.nn.functional, THEIRS[case["loss"]])
    value = loss(predictions, tensor(case["targets"]), **settings)
    if weights is not None:
        per_row = value.reshape(len(weights), -1)
        value = (weights[:, None] * per_row).sum() / (weights.sum() * per_row.shape[1])
    (gradient,) = torch.autograd.grad(value.sum(), predictions, create_graph=True)
    along = (gradient * tensor("direction")).sum()
    curvature = torch.zeros_like(predictions)
    if along.requires_grad:
        (curvature,) = torch.autograd.grad(along, predictions)
    found = {"value": value, "gradient": gradient, "curvature": curvature}
    return {**case, **{name: x.detach().clone().ravel().tolist() for name, x in found.items()}}


if __name__ == "__main__":
    known = json.loads(FILE.read_text(encoding="utf-8"))
    known["cases"] = [
        case if "value" in case else value_and_derivatives(case, known["data"])
        for case in known["cases"]
    ]
    FILE.write_text(text(known) + "\n", encoding="utf-8")
