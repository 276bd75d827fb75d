"""Arrays of CuPy, by a stand-in for it: arrays in memory of their own, which NumPy cannot read."""

import contextlib
import operator
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.conformance import Framework, conformance

X = np.random.default_rng(0).standard_normal((4, 3))


class NdArray:
    """As much of ``cupy.ndarray`` as is used, with what it refuses."""

    def __init__(self, there: Any) -> None:
        self._there = np.asarray(there)
        self.device = types.SimpleNamespace(id=0)

    dtype = property(lambda self: self._there.dtype)
    shape = property(lambda self: self._there.shape)
    real = property(lambda self: NdArray(self._there.real))

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def set(self, array: Any) -> None:
        assert type(array) is np.ndarray
        assert array.shape == self.shape
        self._there[...] = array

    def copy(self) -> "NdArray":
        return NdArray(self._there.copy())

    def reshape(self, *shape: int) -> "NdArray":
        return NdArray(self._there.reshape(*shape))

    def view(self, dtype: Any) -> "NdArray":
        return NdArray(self._there.view(dtype))

    def __setitem__(self, place: Any, value: Any) -> None:
        self._there[place] = value

    def __getitem__(self, place: Any) -> "NdArray":
        return NdArray(self._there[place._there if isinstance(place, NdArray) else place])

    def __imul__(self, other: float) -> "NdArray":
        self._there *= other
        return self


def _operator(name: str) -> Any:
    def apply(self: Any, other: Any) -> Any:
        assert not isinstance(other, np.ndarray), "CuPy mixes nothing with NumPy's arrays"
        other = other._there if isinstance(other, NdArray) else other
        return NdArray(getattr(operator, name)(self._there, other))

    return apply


for name in ("add", "mul", "pow", "sub", "truediv"):
    setattr(NdArray, f"__{name}__", _operator(name))
    setattr(NdArray, f"__r{name}__", _operator(name))  # of what commutes only


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    module: Any = types.ModuleType("cupy")
    module.ndarray = NdArray
    module.asarray = lambda a: a if isinstance(a, NdArray) else NdArray(np.array(a))
    module.asnumpy = lambda a: a._there.copy()
    module.cuda = types.SimpleNamespace(Device=lambda number: contextlib.nullcontext())
    for of_numpy in (np.sin, np.cos, np.sum, np.exp):
        function: Any = of_numpy
        setattr(module, function.__name__, lambda a, f=function: NdArray(f(a._there)))
    monkeypatch.setitem(sys.modules, "cupy", module)
    yield module
    for name in ("cupy_arrays", "cupy_problems"):
        sys.modules.pop(f"gradproof.frameworks.{name}", None)


def test_it_conforms(cupy: Any) -> None:
    of = Framework(cupy.asarray, cupy.asnumpy, cupy.sin, cupy.cos, cupy.sum, modes=())
    assert len(conformance(of)) == 8


@pytest.mark.parametrize("plan", ["every", "leaves", "project"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_right_passes_and_what_is_wrong_fails(cupy: Any, plan: str, dtype: Any) -> None:
    at = {"x": cupy.asarray(X.astype(dtype)), "i": cupy.asarray([0, 2]), "b": 0.5}

    def f(p: Any) -> Any:
        return cupy.sum(cupy.sin(p["x"][p["i"]])) * p["b"]

    def gradient(p: Any, factor: float = 1.0) -> Any:
        rows = cupy.asarray(np.array([[1.0], [0.0], [1.0], [0.0]]) * np.ones(3))
        return {"x": cupy.cos(p["x"]) * rows * p["b"], "b": f(p) * (factor / p["b"]), "i": None}

    assert gp.check(f, gradient, at, plan=plan).passed
    report = gp.check(f, lambda p: gradient(p, 1.5), at, plan=plan)
    assert [leaf.verdict for leaf in report.leaves] == ["pass", "fail"]
    assert cupy.asnumpy(at["x"]).tobytes() == X.astype(dtype).tobytes()


def test_an_array_is_written_in_place_and_not_sent_anew(cupy: Any) -> None:
    seen = set()

    def f(x: Any) -> Any:
        seen.add(id(x))
        return cupy.sum(cupy.sin(x))

    assert gp.check(f, cupy.cos, cupy.asarray(X)).passed
    assert len(seen) <= 3


@pytest.mark.parametrize("plan", ["every", "leaves"])
def test_complex_arrays(cupy: Any, plan: str) -> None:
    z = X + 1j * X[::-1]

    def f(z: Any) -> Any:
        return cupy.sum((z * z).real)

    right, wrong = cupy.asarray(2 * z.conj()), cupy.asarray(2 * z)
    assert gp.check(f, right, cupy.asarray(z), plan=plan).passed
    report = gp.check(f, wrong, cupy.asarray(z), plan=plan)
    assert [cause.code for cause in report.causes] == ["GP306"]


def test_f_that_changes_its_argument_is_noticed(cupy: Any) -> None:
    def f(x: Any) -> Any:
        value = cupy.sum(cupy.sin(x))
        x *= 2.0
        return value

    report = gp.check(f, cupy.cos, cupy.asarray(X))
    assert report.passed, report.summary()
    assert "GP102" in {cause.code for cause in report.causes}


def test_products_are_given_arrays_of_cupy(cupy: Any) -> None:
    claim = gp.VJP(lambda x, u: cupy.cos(x) * u, jvp=lambda x, v: cupy.cos(x) * v)
    assert gp.check(cupy.sin, claim, cupy.asarray(X)).passed
    assert gp.check(lambda x: cupy.sin(x) * 1.1, claim, cupy.asarray(X)).verdict == "fail"


def test_there_is_no_automatic_differentiation_to_ask(cupy: Any) -> None:
    with pytest.raises(gp.InputError, match="CuPy has no automatic differentiation"):
        gp.check(cupy.sum, gp.autodiff, cupy.asarray(X))
