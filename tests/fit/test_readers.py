"""Data on disk, read as the README's table says, are fitted as NumPy's arrays are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fit

da = pytest.importorskip("dask.array", reason="Dask is not installed")

README = Path(__file__).parents[2] / "README.md"
LINES = dict(
    re.findall(r"^\| (\w+) \| `(.+)` \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
)

N = 2_003
X = np.linspace(0, 4, N)
SIGMA = 0.1 * (1 + np.random.default_rng(1).random(N))
Y = 1.5 * np.exp(-1.8 * X) + 0.4 + SIGMA * np.random.default_rng(0).normal(size=N)


def decay(x: Any, a: Any = 1.0, b: Any = 2.0, c: Any = 0.5) -> Any:
    return a * np.exp(-b * x) + c


def write_zarr() -> None:
    zarr = pytest.importorskip("zarr", reason="Zarr is not installed")
    group = zarr.open_group("data.zarr", mode="w")
    for name, values in (("x", X), ("y", Y)):
        array = group.create_array(name, shape=N, chunks=500, dtype=float)
        array[:] = values


def write_hdf5() -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File("data.h5", "w") as file:
        file["x"], file["y"] = X, Y


def data_frame() -> Any:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("dask.dataframe", reason="Dask's data frames are not installed")
    return pandas.DataFrame({"place": "here", "y": Y, "x": X, "sigma": SIGMA})


def write_parquet() -> None:
    whole = data_frame()
    Path("data.parquet").mkdir()
    for i in range(3):  # partitions, as other programs write them
        whole[i * 700 : (i + 1) * 700].to_parquet(f"data.parquet/part.{i}.parquet")


def write_csv() -> None:
    data_frame().to_csv("data.csv", index=False)


WRITERS: dict[str, Callable[[], None]] = {
    "Zarr": write_zarr,
    "HDF5": write_hdf5,
    "Parquet": write_parquet,
    "CSV": write_csv,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_files_are_fitted_as_the_readme_reads_them(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    WRITERS[kind]()
    names: dict[str, Any] = {}
    exec(LINES[kind], names)
    x, y = names["x"], names["y"]
    assert isinstance(x, da.Array)
    for found, whole in (
        (fit.fit(decay, x, y, sigma=0.1), fit.fit(decay, X, Y, sigma=0.1)),
        (fit.line(x, y, sigma=0.1), fit.line(X, Y, sigma=0.1)),
    ):
        np.testing.assert_allclose(found.p, whole.p, rtol=1e-10)
        np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-8)
    if "file" in names:
        names["file"].close()


# -- what may be in the way --------------------------------------------------------------------


@pytest.mark.parametrize("read", ["read_parquet", "read_csv"])
def test_columns_have_chunks_of_unknown_sizes(
    read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kind = read.removeprefix("read_")
    WRITERS["CSV" if kind == "csv" else "Parquet"]()
    frame = getattr(pytest.importorskip("dask.dataframe"), read)(f"data.{kind}")
    x, y, sigma = (frame[name].to_dask_array() for name in ("x", "y", "sigma"))
    with pytest.raises(TypeError, match=r"y is a lazy dask\w* Series, .*write y.to_dask_array\("):
        fit.fit(decay, x, frame["y"], sigma)
    with pytest.raises(ValueError, match=r"unknown sizes.*compute_chunk_sizes"):
        fit.fit(decay, x, y, sigma)
    x, y, sigma = (column.compute_chunk_sizes() for column in (x, y, sigma))
    np.testing.assert_allclose(
        fit.fit(decay, x, y, sigma).p, fit.fit(decay, X, Y, SIGMA).p, rtol=1e-10
    )


def test_chunks_of_several_files_are_made_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_zarr()
    x = da.from_zarr("data.zarr", component="x")
    sigma = da.from_array(SIGMA, chunks=700)
    with pytest.raises(ValueError, match="rechunk"):
        fit.line(x, Y, sigma)
    found = fit.line(x, Y, sigma.rechunk(x.chunks))
    np.testing.assert_allclose(found.p, fit.line(X, Y, SIGMA).p, rtol=1e-10)
