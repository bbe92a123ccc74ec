"""Lines that sum, average, choose or accumulate along axes."""

from __future__ import annotations

from tests.autodiff.programs.choosing import Chooser
from tests.autodiff.programs.template import template


@template(weight=4)
def reductions(some: Chooser) -> str | None:
    """Write a sum, mean or product over some axes."""
    x = some.array()
    assert x is not None
    f = some.among(["sum", "sum", "mean", "mean", "prod"])
    return some.among(
        [f"np.{f}({x}, axis={some.axes(x)}, keepdims={some.flag()})", f"{x}.{f}()", f"np.{f}({x})"]
    )


@template(weight=1.5)
def centred(some: Chooser) -> str | None:
    """Write entries minus their mean, or over their sum."""
    x = some.array()
    assert x is not None
    axes = some.axes(x)
    forms = ["{x} - np.mean({x}, axis={a}, keepdims=True)", "{x} * np.sum({x}, {a}, keepdims=True)"]
    forms += ["{x} + {x}.sum()", "{x} * np.mean({x})"]
    return some.among(forms).format(x=x, a=axes)


@template(holomorphic=False)
def exponential_sums(some: Chooser) -> str | None:
    """Write a sum of exponentials, or each one's share of it."""
    x = some.of_rank(1)
    f = some.among(["logsumexp", "softmax", "log_softmax"])
    return x and f"{f}({x}, axis={some.axis(x)})"


@template(analytic=False, holomorphic=False, corner=True)
def spreads(some: Chooser) -> str | None:
    """Write a variance, a standard deviation or a norm."""
    x = some.array(lambda x: x.size > 1 and 1 not in x.shape)
    if x is None:
        return None
    spread = some.among(["var", "std", "nanvar", "nanstd"])
    axes = some.axes(x)
    forms = [f"np.{spread}({x}, axis={axes}, keepdims={some.flag()})"]
    forms.append(f"np.linalg.norm({x}, axis={some.axis(x)})")
    return some.among(forms)


@template(analytic=False, holomorphic=False, corner=True, weight=1.5)
def extremes(some: Chooser) -> str | None:
    """Write a choice among entries."""
    x = some.of_rank(1)
    if x is None:
        return None
    f = some.among(["max", "min", "ptp", "median", "nanmax", "nanmin", "amax", "nanmedian"])
    forms = [f"np.{f}({x}, axis={some.axes(x)}, keepdims={some.flag()})"]
    forms += [f"np.sort({x}, axis={some.axis(x)})", f"np.maximum.accumulate({x}, {some.axis(x)})"]
    forms.append(f"np.quantile({x}, 0.3, axis={some.axes(x)})")
    return some.among(forms)


@template(weight=1.5)
def running(some: Chooser) -> str | None:
    """Write running sums, differences and their kin."""
    x = some.of_rank(1)
    if x is None:
        return None
    axis = some.axis(x)
    forms = ["np.cumsum({x}, axis={a})", "np.cumprod({x}, axis={a})", "np.cumsum({x})"]
    forms += ["np.add.accumulate({x}, {a})", "np.trapezoid({x}, axis={a})", "np.average({x}, {a})"]
    if some.shape(x)[axis] > 1:
        forms += ["np.diff({x}, axis={a})", "np.gradient({x}, axis={a})"]
        forms.append("np.diff({x}, axis={a}, prepend=0.5)")
    return some.among(forms).format(x=x, a=axis)
