"""Arrays that behave as CuPy's do, without a GPU: nothing of NumPy's mixes with them unasked.

What CuPy 14.2 has of NumPy's functions, keywords and methods was read off its modules, which can be
imported without a GPU; how it refuses the rest, off its sources (``cupy/_core/core.pyx``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


def words(text: str) -> frozenset[str]:
    """Return the names in a text."""
    return frozenset(text.split())


# Functions and ufuncs that CuPy lacks, of those that Tensors take.
MISSING = words(
    """
    numpy.block numpy.einsum_path numpy.geomspace numpy.histogram_bin_edges numpy.insert
    numpy.nanpercentile numpy.nanquantile numpy.polyder numpy.polydiv numpy.polyint
    numpy.unstack numpy.linalg.diagonal numpy.linalg.matrix_norm numpy.linalg.multi_dot
    numpy.linalg.outer numpy.linalg.svdvals numpy.linalg.tensordot numpy.linalg.trace
    numpy.linalg.vecdot numpy.linalg.vector_norm numpy.polynomial.polynomial.polygrid2d
    numpy.polynomial.polynomial.polyval2d isnat matvec spacing vecdot vecmat agm airy airye
    bei ber bdtrik bdtrin besselpoly betaincc betainccinv btdtria btdtrib chdtriv dawsn
    ellipe elliprc elliprd elliprf elliprg elliprj erfi eval_chebyc eval_chebys eval_chebyt
    eval_chebyu eval_gegenbauer eval_genlaguerre eval_hermite eval_hermitenorm eval_jacobi
    eval_laguerre eval_legendre eval_sh_chebyt eval_sh_chebyu eval_sh_jacobi
    eval_sh_legendre fresnel gdtria gdtrib gdtrix hankel1 hankel1e hankel2 hankel2e hyp0f1
    hyp1f1 hyp2f1 hyperu iv ive jn jv jve kelvin kn kolmogi kolmogorov kv kve
    log_wright_bessel modstruve ndtri_exp owens_t powm1 smirnov smirnovi spence stdtr
    stdtrit struve voigt_profile wofz wrightomega yv yve
    """
)

# Keywords that CuPy's functions lack, by name.
LACKING: dict[str, frozenset[str]] = {
    **{name: words("where") for name in words("all any mean nanmean")},
    **{name: words("initial where") for name in words("amax amin max min prod sum")},
    **{name: words("initial where") for name in words("nanmax nanmin nanprod nansum")},
    **{name: words("where mean correction") for name in words("std var nanstd nanvar")},
    **{name: words("order stable") for name in words("argsort sort")},
    **{name: words("weights") for name in words("percentile quantile")},
    **{name: words("device") for name in words("zeros ones empty full eye linspace")},
    **{name: words("device") for name in words("zeros_like ones_like empty_like full_like")},
    **{name: words("subok") for name in words("broadcast_arrays broadcast_to copy")},
    **{name: words("hermitian rtol") for name in words("pinv matrix_rank")},
    "clip": words("min max"),
    "count_nonzero": words("keepdims"),
    "svd": words("hermitian"),
    "cholesky": words("upper"),
    "take": words("mode"),
    "trim_zeros": words("axis"),
}

# What CuPy's ufuncs do beside being called.
UFUNC_METHODS = {
    "reduce": {"add", "multiply"},
    "accumulate": {"add", "multiply"},
    "reduceat": {"add"},
    "at": {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"},
}

TO_DEVICE = frozenset({np.array, np.asarray, np.asanyarray})  # of what NumPy has
ATTRIBUTES = words(
    """
    shape ndim size dtype nbytes itemsize strides flags
    """
)
PARTS = frozenset({"T", "real", "imag"})
METHODS = words(
    """
    all any argmax argmin argpartition argsort astype choose clip compress conj conjugate
    copy cumprod cumsum diagonal dot fill flatten item max mean min nonzero partition prod
    put ravel repeat reshape round searchsorted sort squeeze std sum swapaxes take tolist
    trace transpose var view
    """
)


class DeviceArray(NDArrayOperatorsMixin):
    """An array on a device that does not exist: its numbers are in ``host``, out of reach."""

    __slots__ = ("host",)
    __array_priority__ = 100

    def __init__(self, host: Any) -> None:
        self.host = np.asarray(host)

    def get(self) -> Any:
        """Return a NumPy array, which is the one way to it."""
        return self.host.copy()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct "
            "a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        out = kwargs.get("out", ())
        if out:
            if len(out) != 1:
                raise ValueError("The 'out' parameter must have exactly one array value")
            if not isinstance(out[0], DeviceArray):
                raise TypeError(f"Unsupported type {type(out[0])}")
        if name in MISSING or (ufunc.signature and method != "__call__"):
            return NotImplemented
        for x in inputs:
            known = isinstance(x, DeviceArray | np.ndarray | np.generic | float | int | complex)
            if not known and method == "__call__":
                return NotImplemented
        if name in UFUNC_METHODS.get(method, {name}):
            if method == "at":
                plain_key = host_key(inputs[1])
                return ufunc.at(inputs[0].host, plain_key, *map(host_of, inputs[2:]))
            result = called(getattr(ufunc, method), inputs, kwargs)
            return out[0] if out else result
        raise NotImplementedError(f"`cupy_{name}.{method}` is not supported yet")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = f"{function.__module__}.{function.__name__}"
        if name in MISSING or not all(issubclass(t, DeviceArray | np.ndarray) for t in types):
            return NotImplemented
        for keyword in sorted(LACKING.get(function.__name__, frozenset()) & set(kwargs)):
            raise TypeError(f"{function.__name__}() got an unexpected keyword argument {keyword!r}")
        if function in TO_DEVICE:  # as np.asarray(x, like=y) calls it
            args = (device_key(args[0]), *args[1:])
        if function is np.take and len(args) > 1:  # whose indices may be NumPy's, as in brackets
            args = (args[0], device_key(args[1]), *args[2:])
        out = kwargs.get("out")
        result = called(function, args, kwargs)
        return result if out is None else out

    def __getattr__(self, name: str) -> Any:
        if name in ATTRIBUTES:
            return getattr(self.host, name)
        if name in PARTS:
            return DeviceArray(getattr(self.host, name))
        if name not in METHODS:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute {name!r}")

        def method(*args: Any, **kwargs: Any) -> Any:
            for keyword in sorted(LACKING.get(name, frozenset()) & set(kwargs)):
                raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}")
            if name == "item":
                return self.host.item(*args)
            return called(getattr(self.host, name), args, kwargs)

        return method

    @property
    def base(self) -> Any:
        return None if self.host.base is None else DeviceArray(self.host.base)

    def __getitem__(self, key: Any) -> DeviceArray:
        return DeviceArray(self.host[host_key(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.host[host_key(key)] = host_of(value)

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Iterator[DeviceArray]:
        return map(DeviceArray, self.host)

    def __bool__(self) -> bool:
        return bool(self.host)

    def __float__(self) -> float:
        return float(self.host[()])

    def __int__(self) -> int:
        return int(self.host[()])

    def __complex__(self) -> complex:
        return complex(self.host[()])

    def __repr__(self) -> str:
        return repr(self.host)

    def __format__(self, specification: str) -> str:
        return format(self.host[()], specification)

    def __copy__(self) -> DeviceArray:
        return DeviceArray(self.host.copy())

    def __deepcopy__(self, memo: Any) -> DeviceArray:
        return DeviceArray(self.host.copy())

    def __reduce__(self) -> Any:
        return DeviceArray, (self.host.copy(),)


def called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return what a function makes of the numbers, on the device again."""
    plain = function(*map(host_of, args), **{k: host_of(v) for k, v in kwargs.items()})
    return on_device(plain)


def host_of(x: Any) -> Any:
    """Return an argument's numbers, or raise where it is an array of NumPy's."""
    if isinstance(x, list | tuple):
        return type(x)(map(host_of, x))
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    return x.host if isinstance(x, DeviceArray) else x


def device_key(key: Any) -> Any:
    """Return a key with NumPy's arrays on the device, where CuPy takes them."""
    if isinstance(key, tuple):
        return tuple(map(device_key, key))
    return DeviceArray(key) if isinstance(key, np.ndarray) else key


def host_key(key: Any) -> Any:
    return host_of(device_key(key))


def on_device(x: Any) -> Any:
    """Return arrays and NumPy's numbers on the device; of several results each, in a tuple."""
    if isinstance(x, list):
        return list(map(on_device, x))
    if isinstance(x, tuple) and any(isinstance(y, np.ndarray | np.generic) for y in x):
        return tuple(map(on_device, x))  # without names, as CuPy's
    return DeviceArray(x) if isinstance(x, np.ndarray | np.generic) else x
