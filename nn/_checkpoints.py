"""The state of a training: taken, given back, and kept in a file.

A state is a flat dictionary of arrays, under paths such as ``model/layers.0.weight`` and
``optimizer/counts``, and of what `json` can write, as the states of random generators.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nn._files import whole_file
from nn._module import Module, entries_of

State = dict[str, Any]
Owners = Mapping[str, Any]  # by name: a Module, an optimiser, a schedule, a generator
TEXTS = "texts"  # what a file keeps as JSON under this name: all that is no array


def state_of(owners: Owners) -> State:
    """Return what training changes in modules, optimisers, schedules and random generators.

    Generators that a module holds, as Dropout does, belong to it.
    """
    state: State = {}
    for name, owner in _with_generators(owners):
        if isinstance(owner, np.random.Generator):
            state[f"{name}/state"] = owner.bit_generator.state
        else:
            state |= {f"{name}/{key}": value for key, value in owner.state_dict().items()}
    return state


def restore(owners: Owners, state: State) -> None:
    """Give back what `state_of` returned of the same owners."""
    for name, owner in _with_generators(owners):  # an optimiser after the model whose values it has
        saved = part(state, name)
        if isinstance(owner, np.random.Generator):
            owner.bit_generator.state = saved["state"]
        else:
            owner.load_state_dict(saved)


def part(state: State, name: str) -> State:
    """Return the entries of one owner."""
    start = f"{name}/"
    return {key.removeprefix(start): x for key, x in state.items() if key.startswith(start)}


def _with_generators(owners: Owners) -> Iterator[tuple[str, Any]]:
    yield from owners.items()
    for name, owner in owners.items():
        for path, module in owner.named_modules() if isinstance(owner, Module) else ():
            for inner, value in entries_of(vars(module), ""):
                if isinstance(value, np.random.Generator):
                    yield f"generators of the {name}/{path}.{inner}", value


def write_checkpoint(path: Path, state: State) -> None:
    """Write a state at once: a file of this name is the old one or the new one, whole."""
    arrays: State = {name: x for name, x in state.items() if isinstance(x, np.ndarray)}
    texts = {name: x for name, x in state.items() if name not in arrays}
    arrays[TEXTS] = np.array(json.dumps(texts, default=lambda x: x.tolist()))
    with whole_file(path) as file:
        np.savez(file, **arrays)


def read_checkpoint(path: Path) -> State:
    """Return the state in a file that `write_checkpoint` wrote; a ValueError tells of another."""
    with path.open("rb") as opened:
        try:
            with np.load(opened, allow_pickle=False) as file:
                state = {name: file[name] for name in file.files}
            texts = json.loads(str(state.pop(TEXTS)))
            return {"start": texts.pop("start"), **texts, **state}
        except Exception as error:  # of a dozen types that broken bytes make zipfile and zlib raise
            raise ValueError(
                f"{path} is no checkpoint, or not a whole one ({error}): delete it to start anew"
            ) from error
