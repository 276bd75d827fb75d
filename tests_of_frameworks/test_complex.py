"""Complex tensors and arrays: each framework's own convention passes, the other is named."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import gradproof as gp

# What forward mode of PyTorch loads is deprecated there.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
RNG = np.random.default_rng(3)


def numbers(*shape: int) -> Any:
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


Z, A, B = numbers(5), numbers(4, 5), numbers(4)
OF = {
    "torch": (torch.tensor, torch, "gradient", "conjugated"),
    "jax": (jnp.asarray, jnp, "conjugated", "gradient"),
}


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


@pytest.fixture(params=OF)
def framework(request: Any) -> Any:
    with jax.enable_x64(True):
        yield OF[request.param]


def squares(z: Any) -> Any:
    return (abs(z) ** 2).sum()


def residual_of(make: Any) -> Any:
    a, b = make(A), make(B)
    return lambda z: squares(a @ z - b)


def test_real_functions(framework: Any) -> None:
    make, _, own, other = framework
    for f in (lambda z: (z**2).real.sum(), residual_of(make)):
        assert gp.check(f, gp.autodiff, make(Z)).passed
        report = gp.check(gp.Problem(f, gp.autodiff, make(Z), wirtinger=other))
        assert (report.verdict, codes(report)) == ("fail", ["GP306"])
    assert gp.check(gp.Problem(squares, gp.autodiff, make(Z), wirtinger=own)).passed
    half = gp.check(gp.Problem(squares, gp.autodiff, make(Z), wirtinger="dz"))
    assert codes(half) == ["GP302" if own == "conjugated" else "GP306"]


def test_functions_of_several_complex_values(framework: Any) -> None:
    make, lib, _, other = framework

    def f(z: Any) -> Any:  # neither ∂f/∂z nor ∂f/∂z̄ vanishes
        return z * lib.conj(z) ** 2

    for claim in (gp.autodiff, gp.autodiff(mode="forward")):
        assert gp.check(f, claim, make(Z)).passed
    assert gp.check(gp.Problem(f, gp.autodiff, make(Z), wirtinger=other)).verdict == "fail"
    assert gp.check(lib.exp, gp.autodiff, make(Z)).passed
    report = gp.check(gp.Problem(lib.exp, gp.autodiff, make(Z), wirtinger=other))
    assert (report.verdict, codes(report)) == ("fail", ["GP306"])


def test_gradients_by_hand_are_in_the_convention_of_the_framework(framework: Any) -> None:
    make, lib, own, _ = framework

    def gradient(z: Any) -> Any:
        return 2 * (z if own == "gradient" else lib.conj(z))

    assert gp.check(squares, gradient, make(Z)).passed
    assert codes(gp.check(squares, lambda z: lib.conj(gradient(z)), make(Z))) == ["GP306"]
    found = gp.differentiate(squares, make(Z))
    assert np.allclose(found.values, 2 * (Z if own == "gradient" else Z.conj()))

    def one_wrong(z: Any) -> Any:
        found = np.asarray(gradient(z)).copy()
        found[2] += 1j
        return make(found)

    (culprit,) = gp.check(squares, one_wrong, make(Z)).culprits
    assert culprit.address == "z[2].imag"


def test_what_is_mixed(framework: Any) -> None:
    make, _, _, _ = framework
    at = {"z": make(Z), "x": make(Z.real)}
    report = gp.check(lambda t: (abs(t["z"]) ** 2 * t["x"]).sum(), gp.autodiff, at)
    assert report.passed
    assert [leaf.shape for leaf in report.leaves] == [(5,), (5,)]


@pytest.mark.parametrize("name", OF)
def test_single_precision_is_promoted(name: str) -> None:
    make = OF[name][0]
    z, a, b = (make(one.astype(np.complex64)) for one in (Z, A, B))
    # The constants stay in complex64: PyTorch multiplies no matrices of two types.
    report = gp.check(lambda z: squares(a @ z - b), gp.autodiff, z)
    assert report.passed
    assert any("its complex64 parameters were promoted" in note for note in report.notes)


def test_second_order_is_refused(framework: Any) -> None:
    make = framework[0]
    with pytest.raises(gp.InputError, match="found order=2 with complex parameters"):
        gp.check(squares, gp.autodiff(order=2), make(Z))


def test_a_conjugated_view_and_a_custom_function() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Any) -> Any:
            ctx.save_for_backward(z)
            return z**2

        @staticmethod
        def backward(ctx: Any, u: Any) -> Any:
            (z,) = ctx.saved_tensors
            return u * 2 * (z.conj() if Square.right else z)

        right = True

    at = torch.tensor(Z).conj()
    assert gp.check(Square.apply, gp.autodiff, at).passed
    Square.right = False
    report = gp.check(Square.apply, gp.autodiff, at)
    assert (report.verdict, codes(report)) == ("fail", ["GP306"])


def test_a_module_with_complex_parameters() -> None:
    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(A))
            self.bias = torch.nn.Parameter(torch.tensor(B.real))

        def forward(self, x: Any) -> Any:
            return self.weight @ x + self.bias

    layer, x = Layer(), torch.tensor(Z)
    before = {name: one.detach().clone() for name, one in layer.named_parameters()}
    report = gp.torch.check_module(layer, lambda model: squares(model(x)))
    assert report.passed
    assert [leaf.address for leaf in report.leaves] == ["model.weight", "model.bias"]
    assert all(torch.equal(one, before[name]) for name, one in layer.named_parameters())


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
def test_complex_numbers_of_half_precision_go_along() -> None:
    at = {"z": torch.tensor(Z), "h": torch.zeros(2, dtype=torch.complex32)}
    report = gp.check(lambda t: squares(t["z"]), gp.autodiff, at)
    assert report.passed
    assert any("t['h']: went along unchanged" in note for note in report.notes)


def test_what_jax_differentiates_as_holomorphic() -> None:
    with jax.enable_x64(True):
        z = jnp.asarray(Z)

        def total(z: Any) -> Any:
            return jnp.sum(z**2)

        assert gp.check(total, jax.grad(total, holomorphic=True), z).passed
        jacobian = jax.jacrev(jnp.exp, holomorphic=True)
        assert gp.check(jnp.exp, gp.Jacobian(jacobian), z).passed
        assert gp.check(jax.jit(squares), jax.jit(jax.grad(squares)), z).passed


def test_kernels_against_a_reference() -> None:
    class Squares(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Any) -> Any:
            ctx.save_for_backward(z)
            return squares(z)

        @staticmethod
        def backward(ctx: Any, u: Any) -> Any:
            (z,) = ctx.saved_tensors
            return 2 * u * z.conj()

    at = torch.tensor(Z.astype(np.complex64))
    for f, expected in ((squares, []), (Squares.apply, ["GP306"])):
        problem = gp.Problem(f, gp.autodiff, at, reference=lambda z: (z * z.conj()).real.sum())
        assert codes(gp.check(problem)) == expected
