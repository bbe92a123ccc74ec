"""Seeds: the cotangents and tangents that a walk starts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.array_kinds import at_present, is_foreign, is_plain, of_kind, refuse_container
from autodiff._core.hook import recording
from autodiff._core.record import value_of
from autodiff._core.structures import as_numbers, leaf_pairs
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Structure, Tangent


def one_like(output: Tensor) -> Cotangent:
    """Return the cotangent 1 of an output with a single entry; a number if it has no axes."""
    value = output._value
    if is_foreign(value):
        return np.ones_like(value)
    one = value.dtype.type(1)
    return one.reshape(value.shape) if value.ndim else one


def one_for(out: Tensor, derivative: str) -> Cotangent:
    """Return the cotangent 1 of an output that must be a single real number."""
    value = out._value
    if value.size != 1 or value.dtype.kind == "c":
        raise TypeError(
            f"{derivative} needs a function that returns one real number, but it returned shape "
            f"{value.shape} of {value.dtype}: sum it, or use jacobian"
        )
    return one_like(out)


def seed_of(output: Tensor, cotangent: ArrayLike | None) -> Cotangent:
    """Return the cotangent that ``backward`` was given, or 1, if it fits."""
    if not output.requires_grad:
        raise TypeError(
            f"no gradient flows into this Tensor of dtype {output.dtype}: it depends on no Tensor "
            "that requires one (integers never do, nor results computed under no_grad)"
        )
    if cotangent is None and output.size != 1:
        raise ValueError(
            f"backward() of a Tensor of shape {output.shape} needs a cotangent of that shape, one "
            "weight for each entry; for the gradient of their sum, call y.sum().backward()"
        )
    if cotangent is None and output.dtype.kind == "c":
        raise TypeError(
            "backward() without a cotangent is for a real number, but this Tensor is of "
            f"{output.dtype}: call backward of its real part, y.real.backward(), or of abs(y)"
        )
    return one_like(output) if cotangent is None else seed_like(output, cotangent)


def seed_like(output: Tensor, cotangent: ArrayLike) -> Cotangent:
    """Return a cotangent (or tangent) with the type of a Tensor, whose shape it must have."""
    cotangent = at_present(cotangent)
    refuse_container(cotangent)
    given: Any = cotangent if hasattr(cotangent, "dtype") else np.asarray(cotangent)
    if given.dtype.kind == "c" and output.dtype.kind != "c":
        raise TypeError(
            f"a Tensor of {output.dtype} has a real cotangent or tangent, but got {given.dtype}: "
            "give its real part, or make the argument complex"
        )
    if type(cotangent) is Tensor and recording.get().records:
        seed: Any = cotangent
    else:
        value = value_of(given)
        own = is_plain(value)
        seed = np.array(value, dtype=output.dtype)[()] if own else value.astype(output.dtype)
        seed = of_kind(seed, output._value)
    if seed.shape != output.shape and seed.size * output.size != 1:
        raise ValueError(
            f"the Tensor has shape {output.shape}, but its cotangent or tangent {seed.shape}"
        )
    return seed.reshape(output.shape) if output.ndim else seed.reshape(())[()]


def seeds_for(structures: tuple[Structure, ...], tangents: Sequence[Structure]) -> list[Tangent]:
    """Return a tangent for each leaf of the arguments, whose structure they must have."""
    if len(tangents) != len(structures):
        raise ValueError(f"there are {len(structures)} primals, but {len(tangents)} tangents")
    seeds = []
    for i, (structure, tangent) in enumerate(zip(structures, tangents, strict=True)):
        if type(structure) is Tensor and type(tangent) is np.ndarray:  # the common case, at once
            seeds.append(_seed(f"argument {i}", structure, tangent))
        else:
            pairs = leaf_pairs(structure, tangent, f"argument {i}", "tangent")
            seeds += [_seed(path, leaf, t) for path, leaf, t in pairs]
    return seeds


def _seed(path: str, leaf: Tensor, tangent: Tangent) -> Tangent:
    """Return a leaf's tangent, of its shape and type."""
    if type(tangent) is not np.ndarray or tangent.dtype.kind != "f":
        tangent = as_numbers(f"the tangent of {path}", tangent)
    shape = leaf._value.shape
    if tangent.shape != shape and tangent.size * leaf.size != 1:
        raise ValueError(f"{path} has shape {shape}, but its tangent {tangent.shape}")
    return seed_like(leaf, tangent)
