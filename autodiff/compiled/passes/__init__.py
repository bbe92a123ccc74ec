"""The passes: each takes a program and leaves a better one that computes the same."""

from __future__ import annotations

from collections.abc import Callable, Container

from autodiff.compiled._program import Program
from autodiff.compiled.passes._constants import fold_constants
from autodiff.compiled.passes._duplicates import merge_duplicates
from autodiff.compiled.passes._factors import take_factors_out
from autodiff.compiled.passes._finiteness import demand_finiteness, merge_checks
from autodiff.compiled.passes._gram import use_rank_updates
from autodiff.compiled.passes._joined import compute_of_joined
from autodiff.compiled.passes._matrices import compute_of_small_matrices
from autodiff.compiled.passes._monomials import share_products
from autodiff.compiled.passes._reductions import sum_by_products
from autodiff.compiled.passes._slow_calls import split_slow_calls
from autodiff.compiled.passes._sums import gather_sums
from autodiff.compiled.passes._trifles import leave_out_trifles
from autodiff.compiled.passes._unused import drop_unused

# In the order in which they run.
PASSES: dict[str, Callable[[Program], None]] = {
    "finiteness": demand_finiteness,
    "unused": drop_unused,
    "constants": fold_constants,
    "duplicates": merge_duplicates,
    "factors": take_factors_out,
    "trifles": leave_out_trifles,
    "slow calls": split_slow_calls,
    "joined": compute_of_joined,
    "matrices": compute_of_small_matrices,
    "gram": use_rank_updates,
    "monomials": share_products,
    "reductions": sum_by_products,
    "sums": gather_sums,
    "checks": merge_checks,
}


def improve(program: Program, without: Container[str] = ()) -> None:
    """Run all passes but some."""
    for name, improved in PASSES.items():
        if name not in without:
            improved(program)
