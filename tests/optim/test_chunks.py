"""Searches in Dask arrays: what NumPy's arrays give, from one pass over the chunks a step."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import reproducible
from optim import Chunks, Status, least_squares
from optim.chunks._kept import Kept
from tests.optim.decay_in_chunks import START, Source, data, decay, lazy

dask = pytest.importorskip("dask", reason="Dask is not installed")
da = pytest.importorskip("dask.array", reason="Dask is not installed")

pytestmark = pytest.mark.usefixtures("several_threads_of_blas")

SETS = json.loads((Path(__file__).parents[1] / "fit" / "nist_strd.json").read_text())


@pytest.fixture(autouse=True)
def one_after_the_other() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


def both(
    residuals: Callable[..., Any], x0: Any, arrays: Any, chunks: Any = 300, **options: Any
) -> tuple[Any, Any]:
    """Return the result in chunks and that of the whole."""
    found = least_squares(residuals, x0, args=lazy(arrays, chunks), **options)
    return found, least_squares(residuals, x0, args=tuple(arrays), **options)


# -- the same as in memory -------------------------------------------------------------------


@pytest.mark.parametrize(
    "chunks", [20_003, 5_000, 17_000, (1, 2, 20_000), (0, 10_000, 0, 10_003)], ids=str
)
def test_chunks_give_what_the_whole_gives(chunks: Any) -> None:
    found, whole = both(decay, START, data(), chunks)
    assert found.success
    assert found.nfev == whole.nfev
    assert_allclose(found.x, whole.x, rtol=1e-12)
    assert_allclose(found.cost, whole.cost, rtol=1e-12)
    assert_allclose(found.triangle, whole.triangle, rtol=1e-9)
    assert_allclose(found.fun.compute(), whole.fun, atol=1e-12)
    assert_allclose(found.jac.compute(), whole.jac, atol=1e-12)


def test_chunks_of_one_entry() -> None:
    found, whole = both(decay, START, data(7), 1)
    assert_allclose(found.x, whole.x, rtol=1e-12)


def test_residuals_and_their_jacobian_are_lazy_and_in_the_same_chunks() -> None:
    found, _ = both(decay, START, data(1000), 300)
    assert found.fun.chunks == ((300, 300, 300, 100),)
    assert found.jac.chunks == ((300, 300, 300, 100), (3,))


def nist(name: str) -> tuple[Callable[..., Any], Any, Any]:
    """Return residuals, x with a row for each variable, and y of a set of NIST's."""
    facts = SETS[name]
    expression = compile(facts["model"], name, "eval")

    def residuals(p: Any, x: Any, y: Any) -> Any:
        names = dict(zip(facts["xvars"], x, strict=True)) | {"np": np}
        return eval(expression, names | dict(zip(facts["params"], p, strict=True))) - y

    y = np.array(facts["y"])
    y = np.log(y) if "y_transform" in facts else y
    return residuals, np.array(facts["x"], float).reshape(len(y), -1).T, y


@pytest.mark.parametrize("name", [name for name in SETS if not SETS[name]["linear"]])
def test_certified_values_of_nist_over_and_over_in_chunks(name: str) -> None:
    residuals, x, y = nist(name)
    x, y = np.tile(x, 3), np.tile(y, 3)
    found = least_squares(residuals, SETS[name]["starts"][1], args=lazy((x, y), len(y) // 4))
    assert found.success, found.message
    assert_allclose(found.x, SETS[name]["certified"], rtol=1e-8)
    rtol = 1e-2 if name == "Lanczos1" else 1e-8  # whose residuals are rounding errors of its data
    atol = 1e-24 if name == "Lanczos1" else 0.0
    assert_allclose(2 * found.cost, 3 * SETS[name]["rss"], rtol=rtol, atol=atol)


def test_columns_whose_products_lose_all_digits() -> None:
    """Powers of x up to the fifth near 1: the products' condition is the square of some 1e8."""
    x = np.linspace(9, 11, 5000)
    y = np.cos(x) + 0.01 * np.random.default_rng(0).normal(size=x.size)

    def residuals(c: Any, x: Any, y: Any) -> Any:
        return sum(c[k] * (x / 10) ** k for k in range(6)) - y

    found, whole = both(residuals, np.zeros(6), (x, y), 700)
    assert found.status == whole.status
    exact = np.linalg.lstsq((x / 10)[:, None] ** np.arange(6), y, rcond=None)[0]
    assert_allclose(found.x, exact, rtol=1e-6)


def test_what_the_data_do_not_determine_is_said() -> None:
    t, y = data(1000)
    found, whole = both(
        lambda p, t, y: p[0] * t + p[1] * (2 * t) + p[2] - y, [1.0, 1.0, 1.0], (t, y)
    )
    assert found.status is whole.status is Status.SINGULAR
    assert "rank 2 of 3" in found.message


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan", lambda z: np.log1p(z)])
def test_robust_losses(loss: Any) -> None:
    t, y = data(2000)
    y[::50] += 3
    found, whole = both(decay, START, (t, y), loss=loss, f_scale=0.2)
    assert found.success
    assert_allclose(found.x, whole.x, rtol=1e-10)
    assert_allclose(found.cost, whole.cost, rtol=1e-12)


def test_bounds() -> None:
    found, whole = both(decay, START, data(2000), bounds=([0, 0, 0], [1.2, 5, 5]))
    assert found.active_mask.tolist() == whole.active_mask.tolist() == [1, 0, 0]
    assert_allclose(found.x, whole.x, rtol=1e-12)


def test_a_last_step_with_the_old_jacobian() -> None:
    found, whole = both(decay, START, data(2000), offset_tol=1e-3)
    assert found.njev == whole.njev < found.nfev == whole.nfev
    assert_allclose(found.x, whole.x, rtol=1e-12)
    assert_allclose(found.fun.compute(), whole.fun, atol=1e-12)
    assert_allclose(found.jac.compute(), whole.jac, atol=1e-12)


def test_newton_steps_where_residuals_are_large_and_curved() -> None:
    x = np.linspace(0, 1, 2000)

    def residuals(p: Any, x: Any) -> Any:
        return np.exp(p[0] * x) - 3 * np.cos(9 * x * p[1])

    found, whole = both(residuals, [0.4, 1.3], (x,))
    assert found.nhev == whole.nhev
    assert found.nhev > 0
    assert found.success
    assert_allclose(found.x, whole.x, rtol=1e-9)


def test_the_callers_jacobian() -> None:
    def jac(p: Any, t: Any, y: Any) -> Any:
        e = np.exp(-p[1] * t)
        return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=-1)

    found, whole = both(decay, START, data(2000), jac=jac)
    assert found.success
    assert_allclose(found.x, whole.x, rtol=1e-12)


def test_several_residuals_an_entry_and_unknowns_by_name() -> None:
    t, y = data(1000)
    points = np.stack([np.cos(t), y])

    def residuals(p: Any, points: Any, t: Any, factor: float) -> list[Any]:
        return [points[0] - np.cos(p["rate"] * t), factor * (points[1] - p["height"][0])]

    start = {"rate": 1.1, "height": np.array([0.3])}
    lazily = (*lazy((points, t), 130), 2.0)
    found = least_squares(residuals, start, args=lazily)
    whole = least_squares(residuals, start, args=(points, t, 2.0))
    assert_allclose(found.x["rate"], whole.x["rate"], rtol=1e-12)
    assert_allclose(found.x["height"], whole.x["height"], rtol=1e-12)
    assert found.fun.shape == whole.fun.shape == (2, 1000)
    for key in start:
        assert_allclose(found.jac[key].compute(), whole.jac[key], atol=1e-12)


def test_a_step_across_a_pole_is_refused_as_in_memory() -> None:
    x = np.linspace(1, 2, 3000)

    def residuals(p: Any, x: Any) -> Any:
        return 1 / (p[0] - x / 10) - 1 / (0.5 - x / 10)

    found, whole = both(residuals, [0.25], (x,))
    assert_allclose(found.x, whole.x, rtol=1e-9)


def test_callback_and_path() -> None:
    seen: list[Any] = []
    found = least_squares(
        decay, START, args=lazy(data(1000), 300), path=True, callback=lambda r: seen.append(r)
    )
    assert len(seen) == found.nit
    assert_allclose(found.path[-1], found.x)
    assert_allclose(np.sum(seen[-1].fun.compute() ** 2) / 2, seen[-1].cost, rtol=1e-12)


# -- nothing is held -------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_no_more_chunks_are_alive_than_are_worked_on(scheduler: str) -> None:
    source = Source()
    t, y = data(6000)
    with dask.config.set(scheduler=scheduler, num_workers=2):
        found = least_squares(
            decay, START, args=(da.from_array(t, chunks=100), source.array(y, 100))
        )
    assert found.success
    assert source.made == 60 * found.nfev  # each is read once an evaluation
    assert source.peak <= 6


def test_a_sample_of_an_entry_a_chunk_holds_no_chunk() -> None:
    source = Source()
    t, y = data(900)
    args = da.from_array(t, chunks=3), source.array(y, 3)
    least_squares(decay, START, args=args, max_nfev=0)
    assert source.peak <= 6


# -- the same bits wherever it is computed ---------------------------------------------------


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_schedulers_give_the_same_bits(scheduler: str) -> None:
    args = lazy(data(), 6000)
    expected = least_squares(decay, START, args=args)
    with dask.config.set(scheduler=scheduler, num_workers=2):
        found = least_squares(decay, START, args=args)
    assert found.x.tobytes() == expected.x.tobytes()
    assert found.cost == expected.cost


def test_each_chunk_is_computed_on_one_thread_of_blas() -> None:
    """As on a worker of a cluster: of long vectors a dot product on two has other digits."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300_001))
    with reproducible():
        expected = sum(
            [
                float(a @ b)
                for a, b in zip(np.split(x, [200_000]), np.split(y, [200_000]), strict=True)
            ]
        )
    chunks = Chunks(lazy((x, y), 200_000))
    assert chunks.reduce(lambda x, y: float(x @ y), sum) == expected


def test_a_cluster_gives_the_same_bits_until_it_is_closed() -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    args = lazy(data(), 6000)

    def residuals(p: Any, t: Any, y: Any) -> Any:  # of no module, so that it travels by value
        return p[0] * np.exp(-p[1] * t) + p[2] - y

    expected = least_squares(residuals, START, args=args)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        dask.config.set(scheduler=None),
    ):
        found = least_squares(residuals, START, args=args)
        residual = found.fun[12_345].compute()
        kept = tuple([x.persist() for x in args])
    with pytest.raises(RuntimeError, match="persisted by a Client that has been closed"):
        least_squares(residuals, START, args=kept)
    assert found.x.tobytes() == expected.x.tobytes()
    assert found.cost == expected.cost
    assert residual == expected.fun[12_345].compute()


# -- what is refused, and what is not finite -------------------------------------------------


def test_chunks_that_do_not_match_are_refused_with_what_to_write() -> None:
    t, y = data(1000)
    with pytest.raises(
        ValueError, match=r"args\[0\] has \(300, 300, 300, 100\).*args\[1\].*rechunk"
    ):
        least_squares(decay, START, args=(*lazy((t,), 300), *lazy((y,), 400)))


def test_arrays_of_unlike_length_are_refused() -> None:
    t, y = data(1000)
    with pytest.raises(ValueError, match=r"1000 entries .* args\[1\] has 999"):
        least_squares(decay, START, args=lazy((t, y[1:]), 400))


def test_chunks_of_unknown_sizes_are_refused() -> None:
    t, y = lazy(data(1000), 300)
    with pytest.raises(ValueError, match=r"args\[0\] .*compute_chunk_sizes"):
        least_squares(decay, START, args=(t[t > 1], y[t > 1]))


def test_no_entries_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing to minimise"):
        least_squares(decay, START, args=lazy((np.zeros(0), np.zeros(0)), 1))


def test_delayed_values_are_refused() -> None:
    with pytest.raises(TypeError, match=r"args\[1\] is a lazy dask Delayed, expected a Dask array"):
        least_squares(decay, START, args=(*lazy(data(100)[:1], 30), dask.delayed(np.zeros)(100)))


@pytest.mark.parametrize(
    ("mixing", "start"),
    [
        (lambda p, t, y: p[0] * t - (y - y.mean()), [1.0]),
        (lambda p, t, y: p[0] * t - y + np.roll(y, 1), [1.0]),
        (lambda p, t, y: p[0] * np.cumsum(t) - y, [1.0]),
        (lambda p, t, y: p[0] * (t - t[0]) - y, [1.0]),
        # What is multiplied by 0 at the start:
        (lambda p, t, y: p[0] * t + p[1] * t.mean() - y, [1.0, 0.0]),
        (lambda p, t, y: p[0] * np.exp(-p[1] * (t - t.mean())) - y, [1.0, 0.0]),
        (lambda p, t, y: p[0] * len(t) / 1000 - y, [0.0]),
        (lambda p, t, y: p[0] * np.arange(t.shape[0]) / 1000 - y, [1.0]),
        (lambda p, t, y: p[0] * np.gradient(t) * 100 - y, [1.0]),
        (lambda p, t, y: p[0] * (np.max(t) > 2.5) - y, [1.0]),
    ],
)
@pytest.mark.parametrize("chunks", [1, 300, 1000])
def test_residuals_that_mix_entries_are_refused(mixing: Any, start: Any, chunks: int) -> None:
    arrays = data(20 if chunks == 1 else 1000)
    with pytest.raises(ValueError, match="its own entries of the Dask arrays only"):
        least_squares(mixing, start, args=lazy(arrays, chunks))


def test_residuals_that_mix_entries_alike_in_a_chunk_are_refused() -> None:
    t, y = data(1000)
    t[:300] = 1.0
    with pytest.raises(ValueError, match="its own entries of the Dask arrays only"):
        least_squares(lambda p, t, y: p[0] * (t - t.mean()) - y, [1.0], args=lazy((t, y), 300))


def test_a_jacobian_that_mixes_entries_is_refused() -> None:
    def jac(p: Any, t: Any, y: Any) -> Any:
        return np.stack([t - t.mean()], axis=-1)

    with pytest.raises(ValueError, match="its own entries of the Dask arrays only"):
        least_squares(
            lambda p, t, y: np.asarray(p)[0] * t - y, [1.0], args=lazy(data(1000), 300), jac=jac
        )


def test_a_start_on_a_bound_is_not_left_by_the_look_at_entries() -> None:
    def residuals(p: Any, t: Any, y: Any) -> Any:
        return np.sqrt(2 - p[0]) * t - np.sqrt(p[1]) * t**2

    found, whole = both(residuals, [2.0, 0.5], data(1000), bounds=([0, 0.5], [1.9, 0.5]))
    assert found.status is whole.status


def test_an_array_of_all_entries_beside_the_chunks_is_refused() -> None:
    t, y = data(1000)
    weights = np.ones(1000)
    with pytest.raises(ValueError, match=r"a value for each entry .* a Dask array too"):
        least_squares(lambda p, t, y: decay(p, t, y) * weights, START, args=lazy((t, y), 300))
    with pytest.raises(ValueError, match=r"a value for each entry .* a Dask array too"):
        least_squares(decay, START, args=(*lazy((t,), 300), y))
    with pytest.raises(ValueError, match=r"a value for each entry .* a Dask array too"):
        least_squares(  # which fits every chunk
            lambda p, t, y: decay(p, t, y) * weights[:250], START, args=lazy((t, y), 250)
        )


def masked_lately(values: Any) -> Any:
    return da.asarray(values, chunks=300).map_blocks(np.ma.masked_less, 0.5, meta=np.empty(0))


@pytest.mark.parametrize("hide", [lambda y: da.ma.masked_less(y, 0.5), masked_lately])
def test_masked_arrays_are_refused_with_what_to_write(hide: Any) -> None:
    t, y = data(1000)
    (times,) = lazy((t,), 300)
    hidden = hide(da.from_array(y, chunks=300))
    with pytest.raises(ValueError, match=r"args\[1\] is masked.*getmaskarray"):
        least_squares(decay, START, args=(times, hidden))
    good = ~da.ma.getmaskarray(hidden)
    args = [a[good].compute_chunk_sizes() for a in (times, da.ma.getdata(hidden))]
    found = least_squares(decay, START, args=tuple(args))
    whole = least_squares(decay, START, args=(t[y >= 0.5], y[y >= 0.5]))
    assert_allclose(found.x, whole.x, rtol=1e-10)


def test_masked_lazy_residuals_are_refused() -> None:
    hidden = masked_lately(data(1000)[1])
    with pytest.raises(ValueError, match="residuals' array is masked"):
        least_squares(lambda p: p[0] - hidden, [1.0])


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (np.zeros(99), r"chunk 3 of args\[1\] has shape \(99,\), not \(100,\)"),
        (1.0, r"chunk 3 of args\[1\] has shape \(\), not \(100,\)"),
        (np.zeros(100, complex), r"chunk 3 of args\[1\] has dtype complex128, not float64"),
    ],
)
def test_a_chunk_that_is_not_what_it_says_is_named(block: Any, said: str) -> None:
    t, y = data(1000)
    blocks = [y[i : i + 100] for i in range(0, 1000, 100)]
    blocks[3] = block
    measured = da.concatenate([da.from_delayed(dask.delayed(b), (100,), float) for b in blocks])
    with pytest.raises(ValueError, match=said):
        least_squares(decay, START, args=(*lazy((t,), 100), measured))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_the_chunk_is_named_in_which_residuals_raise(scheduler: str) -> None:
    def fails(p: Any, t: Any, y: Any) -> Any:
        if 1 < t[0] < 1.5:
            raise KeyError("calibration")
        return decay(p, t, y)

    with (
        dask.config.set(scheduler=scheduler, num_workers=1),
        pytest.raises(KeyError, match="in chunk 3, entries 300 to 399 of 1000"),
    ):
        least_squares(fails, START, args=lazy(data(1000), 100))


def unreadable(values: Any, block_info: Any = None) -> Any:
    if block_info[None]["chunk-location"] == (3,):
        raise OSError("no such file")
    return values


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_the_chunk_is_named_whose_data_cannot_be_read(scheduler: str) -> None:
    t, y = lazy(data(1000), 100)
    args = t, y.map_blocks(unreadable, dtype=float, meta=np.empty(0))
    with (
        dask.config.set(scheduler=scheduler, num_workers=1),
        pytest.raises(OSError, match="no such file\nin chunk 3, entries 300 to 399 of 1000"),
    ):
        least_squares(decay, START, args=args)


def test_data_that_change_between_readings_are_told_of() -> None:
    t, y = lazy(data(1000), 100)
    rng = np.random.default_rng(0)
    noisy = y.map_blocks(lambda y: y + 0.01 * rng.normal(size=y.shape), dtype=float)
    found = least_squares(decay, START, args=(t, noisy))
    assert not found.success
    assert "The data differ from one reading to the next" in found.message


def test_data_that_become_nan_are_named() -> None:
    readings = 0

    def decaying(y: Any, block_info: Any = None) -> Any:
        nonlocal readings
        if block_info[None]["chunk-location"] != (3,):
            return y
        readings += 1
        return np.where(np.arange(100) == 5, np.nan, y) if readings > 3 else y

    t, y = lazy(data(1000), 100)
    args = t, y.map_blocks(decaying, dtype=float, meta=np.empty(0))
    found = least_squares(decay, START, args=args)
    assert "is now not finite: args[1] is nan at entry 305, 5 of chunk 3" in found.message


def test_chunks_take_a_tuple_of_arrays_with_axes() -> None:
    x = da.ones(10, chunks=5)
    with pytest.raises(TypeError, match=r"args is a Array.*write Chunks\(\(x, y\)\)"):
        Chunks(x, x)
    with pytest.raises(ValueError, match="expected a Dask array with an axis"):
        Chunks((da.asarray(1.0),))


@pytest.mark.parametrize("names", [("x",), (), ("x", "y", "z")])
def test_names_are_as_many_as_arguments(names: Any) -> None:
    with pytest.raises(ValueError, match="expected as many names as arguments, 2, got"):
        Chunks((da.ones(6), da.ones(6)), names)


def test_what_is_no_function_is_told_before_data_are_read() -> None:
    chunks = Chunks((da.ones(6),))
    for call in (chunks.reduce, chunks.reduction):
        with pytest.raises(TypeError, match="expected f to be a function, got 3"):
            call(3, sum)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="expected combine to be a function, got 3"):
            call(sum, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected f to be a function, got 3"):
        chunks.map(3, (), ())  # type: ignore[arg-type]


def test_chunks_without_entries_are_left_out() -> None:
    x = da.from_array(np.arange(6.0), chunks=((0, 2, 0, 4),))
    assert Chunks((x,)).reduce(np.min, max) == 2.0
    assert Chunks((x,)).reduce(lambda start, x: [start], in_a_row, numbered=True) == [0, 2]
    assert Chunks((x[:0],)).reduce(np.min, max) is None


def in_a_row(parts: list[list[int]]) -> list[int]:
    return [x for part in parts for x in part]


def test_residuals_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"returned shape \(\) for chunks of 300 entries"):
        least_squares(lambda p, t, y: np.sum(p[0] * t - y), [1.0], args=lazy(data(1000), 300))


@pytest.mark.parametrize("value", [None, "text", (r for r in [])])
def test_residuals_that_are_no_numbers_are_told(value: Any) -> None:
    with pytest.raises(ValueError, match=r"residuals returned (None|'text'|<gen.*), expected num"):
        least_squares(lambda p, t, y: value, [1.0], args=lazy(data(100), 50))


def test_a_dask_array_beside_args_is_refused() -> None:
    t, y = lazy(data(1000), 1000)
    with pytest.raises(ValueError, match="give every Dask array that it uses in args"):
        least_squares(lambda p, t: p[0] * t - y, [1.0], args=(t,))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_named_by_argument_chunk_and_entry(value: float) -> None:
    t, y = data(1000)
    y[705] = value
    found, _ = both(decay, START, (t, y), 300)
    assert found.status is Status.NOT_FINITE
    assert f"args[1] is {value} at entry 705, 105 of chunk 2" in found.message


def test_a_residual_that_is_not_finite_is_named() -> None:
    t, y = data(1000)
    found, _ = both(lambda p, t, y: p[0] * np.log(t - t.dtype.type(1)) - y, [1.0], (t + 1, y), 300)
    assert found.status is Status.NOT_FINITE
    assert "a residual is -inf at entry 0, 0 of chunk 0" in found.message


def test_what_residuals_raise_is_passed_on() -> None:
    def fails(p: Any, t: Any, y: Any) -> Any:
        raise KeyError("calibration")

    with pytest.raises(KeyError, match="calibration"):
        least_squares(fails, START, args=lazy(data(100), 30))


# -- what travels to workers -----------------------------------------------------------------


def test_a_worker_unpickles_a_function_once() -> None:
    """So that the plans of the task before are found again: they are kept by a function's code."""
    factor = 3.0
    kept = Kept(lambda x: factor * x)
    first, second = (pickle.loads(pickle.dumps(kept)).value for _ in range(2))
    assert first is second
    assert first(2.0) == 6.0


def test_functions_of_a_script_travel_beside_an_open_file(tmp_path: Path) -> None:
    """Which Dask sends itself, but not where functions are sent by value with its graph."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    protocol = pytest.importorskip("distributed.protocol", reason="distributed is not installed")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.arange(6.0)
    script: dict[str, Any] = {"__name__": "__main__"}
    exec("def f(x): return 2 * x\ndef total(x): return x.sum()\ndef add(p): return sum(p)", script)
    with h5py.File(tmp_path / "data.h5") as file:
        chunks = Chunks((da.from_array(file["x"], chunks=2),))
        for made, expected in (
            (chunks.reduction(script["total"], script["add"]), 15.0),
            (chunks.map(script["f"], (), ()), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        ):
            graph = protocol.pickle.loads(protocol.pickle.dumps(made.__dask_graph__()))
            opened = da.Array(graph, made.name, made.chunks, dtype=made.dtype)
            assert opened.compute().tolist() == expected


def test_what_cannot_travel_is_told() -> None:
    lock = Lock()
    with pytest.raises(TypeError, match="what the chunks' tasks call cannot be pickled"):
        pickle.dumps(Kept(lambda x: lock))
