"""Other checkers: each gets f as a black box of one flat vector, and the claim as a vector.

Each is used as its documentation shows, with its own default steps and tolerances. Where it has no
tolerance the usual advice is taken; the docstrings say which.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from benchmarks.trust.trees import Array, Structure

Verdict = Literal["pass", "fail", "inconclusive"]


@dataclasses.dataclass
class Box:
    """A function of a vector, a claim for its gradient, and a point; evaluations are counted.

    `memory` is shared by the boxes of one case: a rival that takes long may keep there what it
    measured, and the evaluations, where neither depends on the claim.
    """

    f: Callable[[Array], Any]
    claim: Array
    x: Array
    evaluations: int = 0
    memory: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __call__(self, x: Any) -> Any:
        """Return what f returns."""
        self.evaluations += 1
        return self.f(np.array(x, dtype=self.x.dtype).reshape(self.x.shape))

    def value(self, x: Any) -> float:
        """Return the value of f as a number of Python."""
        return float(np.asarray(self(x)).item())


Rival = Callable[[Box], Verdict]


def _module(name: str) -> Any:
    """Import a rival, which may be missing, and whose types are of no use here."""
    return importlib.import_module(name)


def box(f: Callable[[Any], Any], claim: Any, at: Any, memory: dict[str, Any] | None = None) -> Box:
    """Make a box of a function of a pytree."""
    structure = Structure(at)
    made = Box(lambda x: f(structure.point(x)), structure.vector(claim), structure.vector(at))
    return made if memory is None else dataclasses.replace(made, memory=memory)


def judge(rival: Rival, box: Box) -> Verdict:
    """Return the verdict of a rival; inconclusive where it raises. Warnings are not shown."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return rival(box)
    except Exception:
        return "inconclusive"


def _loop(box: Box, step: float, threshold: float) -> Verdict:
    numerical = np.zeros(box.x.size)
    for i in range(box.x.size):
        plus, minus = np.copy(box.x), np.copy(box.x)
        plus[i] += step
        minus[i] -= step
        numerical[i] = (box.value(plus) - box.value(minus)) / (2 * step)
    claim = box.claim.astype(np.float64)
    size = np.linalg.norm(claim) + np.linalg.norm(numerical)
    difference = np.linalg.norm(claim - numerical)
    return "pass" if difference == 0 or difference / size < threshold else "fail"


def loop_1e7(box: Box) -> Verdict:
    """Run the classic loop: central differences of step 1e-7, right below 1e-7."""
    return _loop(box, 1e-7, 1e-7)


def loop_1e5(box: Box) -> Verdict:
    """Run the classic loop with step 1e-5, right below 1e-5: "1e-5 is usually acceptable"."""
    return _loop(box, 1e-5, 1e-5)


def scipy_check_grad(box: Box) -> Verdict:
    """Ask `scipy.optimize.check_grad` for ||a - n||: right up to 1e-6 max(1, ||a||).

    SciPy leaves the judgement to the reader, and calls 1e-8 to 1e-6 small in its examples.
    """
    from scipy.optimize import check_grad

    claim = box.claim.astype(np.float64)
    error = check_grad(box.value, lambda x: claim, box.x)
    return "pass" if error <= 1e-6 * max(1.0, float(np.linalg.norm(claim))) else "fail"


def scipy_check_derivative(box: Box) -> Verdict:
    """Ask `check_derivative`, three-point differences: its documentation calls 1e-6 right."""
    from scipy.optimize._numdiff import check_derivative

    claim = box.claim.astype(np.float64)
    return "pass" if check_derivative(box.value, lambda x: claim, box.x) <= 1e-6 else "fail"


def _torch(box: Box, *, fast: bool) -> Verdict:
    torch = _module("torch")
    gradcheck = _module("torch.autograd.gradcheck")
    claim = torch.from_numpy(box.claim.astype(box.x.dtype))

    def forward(ctx: Any, x: Any) -> Any:
        return torch.tensor(box.value(x.detach().numpy()), dtype=x.dtype)

    def backward(ctx: Any, grad: Any) -> Any:
        return grad * claim

    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    claimed: Any = type("Claimed", (torch.autograd.Function,), body)
    x = torch.from_numpy(box.x.copy()).requires_grad_()
    try:
        gradcheck.gradcheck(claimed.apply, (x,), fast_mode=fast)
    except gradcheck.GradcheckError:
        return "fail"
    return "pass"


def torch_slow(box: Box) -> Verdict:
    """Run `torch.autograd.gradcheck` around a Function whose backward returns the claim."""
    return _torch(box, fast=False)


def torch_fast(box: Box) -> Verdict:
    """Run `torch.autograd.gradcheck` in fast mode."""
    return _torch(box, fast=True)


def jax_check_grads(box: Box) -> Verdict:
    """Run `jax.test_util.check_grads` in reverse mode around a `custom_vjp`."""
    jax, jnp = _module("jax"), _module("jax.numpy")
    dtype = box.x.dtype
    shape = jax.ShapeDtypeStruct((), dtype)
    claim = jnp.asarray(box.claim.astype(dtype))

    def value(x: Any) -> Any:
        if isinstance(x, jax.core.Tracer):
            return jax.pure_callback(lambda x: np.asarray(box.value(x), dtype), shape, x)
        return jnp.asarray(box.value(x), dtype)

    f = jax.custom_vjp(value)
    f.defvjp(lambda x: (value(x), None), lambda _, g: (g * claim,))
    try:
        _module("jax.test_util").check_grads(f, (jnp.asarray(box.x),), order=1, modes=["rev"])
    except AssertionError:
        return "fail"
    return "pass"


def autograd_check_grads(box: Box) -> Verdict:
    """Run `autograd.test_util.check_grads` in reverse mode around a primitive."""
    extend = _module("autograd.extend")
    claim = box.claim.astype(box.x.dtype)
    f = extend.primitive(box.value)
    extend.defvjp(f, lambda ans, x: lambda g: (g * claim).astype(claim.dtype))
    state = np.random.get_state()  # noqa: NPY002 - autograd draws from the global generator
    np.random.seed(0)  # noqa: NPY002
    try:
        _module("autograd.test_util").check_grads(f, modes=["rev"], order=1)(box.x)
    except AssertionError:
        return "fail"
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return "pass"


def numdifftools_gradient(box: Box) -> Verdict:
    """Compare with `numdifftools.Gradient`: right within 1e-6 and its own error estimate."""
    if "numdifftools" not in box.memory:
        result = _module("numdifftools").Gradient(box.value, full_output=True)(box.x)
        box.memory["numdifftools"] = result, box.evaluations
    result, box.evaluations = box.memory["numdifftools"]
    measured, estimate = np.ravel(result.estimate), np.ravel(result.error_estimate)
    if not (np.all(np.isfinite(measured)) and np.all(np.isfinite(estimate))):
        return "inconclusive"
    claim = box.claim.astype(np.float64)
    close = np.abs(claim - measured) <= 1e-6 * np.abs(claim) + estimate
    return "pass" if np.all(close) else "fail"


RIVALS: dict[str, Rival] = {
    "loop-1e-7": loop_1e7,
    "loop-1e-5": loop_1e5,
    "scipy-check-grad": scipy_check_grad,
    "scipy-check-derivative": scipy_check_derivative,
    "torch-slow": torch_slow,
    "torch-fast": torch_fast,
    "jax": jax_check_grads,
    "autograd": autograd_check_grads,
    "numdifftools": numdifftools_gradient,
}


def load_study(path: Path) -> Rival:
    """Load another checker from a file with a function ``check(f, gradient, x)``.

    It has to return the verdict as a string.
    """
    spec = importlib.util.spec_from_file_location("studied_checker", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path}: no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def study(box: Box) -> Verdict:
        verdict = module.check(box, box.claim, box.x)
        if verdict not in ("pass", "fail", "inconclusive"):
            raise ValueError(f"a verdict {verdict!r}")
        return verdict  # type: ignore[no-any-return]

    return study
