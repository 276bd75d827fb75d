"""Checks of PyTorch's automatic differentiation, and of gradients of tensors by hand."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import aslinearoperator
from torch.nn import functional

import gradproof as gp
from gradproof.frameworks.torch_promotion import is_about_types

# What PyTorch says about itself when forward mode is loaded.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:torch.*",
    "ignore:.torch.jit.script. is not supported:FutureWarning",  # forward mode from Python 3.14 on
)


def normal(*shape: int, seed: int = 0, dtype: Any = torch.float64) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


class WrongProduct(torch.autograd.Function):
    """a sin(b), whose gradient by b is one and a half times what it is."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        ctx.save_for_backward(a, b)
        return a * b.sin()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        a, b = ctx.saved_tensors
        return gradient * b.sin(), 1.5 * gradient * a * b.cos()


class Classifier(torch.nn.Module):
    """A network with everything that a module may have: tied, unused and frozen weights, a list."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(10, 4)
        self.layers = torch.nn.ModuleList([torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)])
        self.norm = torch.nn.BatchNorm1d(4)
        self.drop = torch.nn.Dropout(0.3)
        self.frozen = torch.nn.Linear(4, 4).requires_grad_(False)
        self.head = torch.nn.Linear(4, 10, bias=False)
        self.head.weight = self.embedding.weight
        self.unused = torch.nn.Linear(2, 2)

    def forward(self, words: Any) -> Any:
        hidden = self.embedding(words)
        for layer in self.layers:
            hidden = functional.gelu(layer(hidden))
        return self.head(self.frozen(self.drop(self.norm(hidden))))


WORDS, LABELS = torch.tensor([1, 3, 3, 7]), torch.tensor([0, 2, 4, 1])


def classifier() -> Any:
    torch.manual_seed(0)
    return Classifier().double()


def loss(model: Any) -> Any:
    return functional.cross_entropy(model(WORDS), LABELS)


def codes(report: gp.Report) -> set[str]:
    return {cause.code for cause in report.causes}


@pytest.mark.parametrize("options", [{}, {"mode": "forward"}, {"order": 2}])
@pytest.mark.parametrize(
    "f",
    [
        lambda t: t.sin().sum(),
        lambda t: (t.sin() * t.sum().exp()).sum(),
        lambda t: (t @ t.T).logsumexp(0).pow(2).sum(),
    ],
)
def test_what_torch_computes_is_right_in_either_mode_and_order(f: Any, options: Any) -> None:
    report = gp.check(f, gp.autodiff(**options), normal(4, 3))
    assert report.passed, report.summary()
    assert report.evaluations <= 2 * 12 + 40


def test_several_values_are_tested_with_cotangents() -> None:
    for claim in (gp.autodiff, gp.autodiff(mode="forward")):
        report = gp.check(
            lambda t: {"a": t["W"] @ t["x"], "b": (t["W"] ** 2).sum(), "n": WORDS},
            claim,
            {"W": normal(4, 3), "x": normal(3, seed=1)},
        )
        assert report.passed, report.summary()


def test_a_wrong_function_is_located_to_its_input_and_component() -> None:
    a, b = normal(5, 3), normal(5, 3, seed=1)
    report = gp.check(lambda t: WrongProduct.apply(*t), gp.autodiff, (a, b))
    assert [leaf.verdict for leaf in report.leaves] == ["pass", "fail"]
    assert codes(report) == {"GP302"}
    culprit = report.culprits[0]
    i, j = culprit.index
    assert culprit.address == f"d output[{i}, {j}] / d t[1][{i}, {j}]"


def test_a_module_has_its_parameters_by_name_once_and_is_as_it_was() -> None:
    model = classifier()
    other = model.layers[1].bias
    other.grad = torch.full((4,), 7.0, dtype=torch.float64)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    grads = {name: one.grad for name, one in model.named_parameters()}
    storage = [one.data_ptr() for one in model.parameters()]
    state = torch.get_rng_state()
    report = gp.check(loss, gp.autodiff, model)
    assert report.passed, report.summary()
    addresses = [leaf.address for leaf in report.leaves]
    assert addresses[:2] == ["model.embedding.weight", "model.layers[0].weight"]
    assert report.leaves[1].path == ("layers.0.weight",)
    assert not any("frozen" in address or "head" in address for address in addresses)
    assert report.causes[-1].code == "GP504"
    assert report.causes[-1].addresses == ("model.unused.weight", "model.unused.bias")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(one.grad is grads[name] for name, one in model.named_parameters())
    assert torch.equal(other.grad, torch.full((4,), 7.0, dtype=torch.float64))
    assert [one.data_ptr() for one in model.parameters()] == storage
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)


def test_a_module_that_fails_is_as_it_was_and_says_where() -> None:
    model = classifier()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.layers[0].weight.register_hook(lambda gradient: 1.1 * gradient)
    report = gp.check(loss, gp.autodiff, model)
    assert report.verdict == "fail"
    (cause,) = [cause for cause in report.causes if cause.code == "GP302"]
    assert cause.addresses == ("model.layers[0].weight",)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

    def broken(error: type[BaseException]) -> Callable[[Any], Any]:
        def f(model: Any) -> Any:
            if not torch.equal(model.layers[0].bias, before["layers.0.bias"]):
                raise error
            return loss(model)

        return f

    with pytest.raises(SystemExit):
        gp.check(broken(SystemExit), gp.autodiff, model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    interrupted = gp.check(broken(KeyboardInterrupt), gp.autodiff, model)
    assert interrupted.notes[-1].endswith("it was interrupted")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_inputs_of_a_module_are_checked_with_it() -> None:
    x = normal(3, 4).requires_grad_()
    layer = torch.nn.Linear(4, 2).double()
    report = gp.check(lambda t: t[0](t[1]).tanh().sum(), gp.autodiff, (layer, x))
    assert report.passed
    assert [leaf.address for leaf in report.leaves] == ["t[0].weight", "t[0].bias", "t[1]"]
    assert x.grad is None


def test_a_gradient_by_backward_gets_its_gradients_enabled() -> None:
    def gradient(model: Any) -> Any:
        model.zero_grad()
        loss(model).backward()
        named = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
        return {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in named}

    model = classifier()
    with torch.no_grad():
        report = gp.check(loss, gradient, model)
    assert report.passed, report.summary()
    assert all(one.grad is None for one in model.parameters())


def test_two_checks_of_one_module_at_once_are_refused() -> None:
    layer, x = torch.nn.Linear(4, 2).double(), normal(3, 4)

    def checking(model: Any) -> Any:
        gp.check(lambda other: other(x).sum(), gp.autodiff, model)
        return model(x).sum()

    with pytest.raises(gp.InputError, match="being checked already"):
        gp.check(checking, gp.autodiff, layer)
    begun, go_on = threading.Event(), threading.Event()

    def slow(model: Any) -> Any:
        begun.set()
        go_on.wait(10)
        return model(x).tanh().sum()

    reports: list[gp.Report] = []
    thread = threading.Thread(target=lambda: reports.append(gp.check(slow, gp.autodiff, layer)))
    thread.start()
    assert begun.wait(10)
    with pytest.raises(gp.InputError, match="in another thread"):
        gp.check(lambda model: model(x).sum(), gp.autodiff, layer)
    go_on.set()
    thread.join()
    assert reports[0].passed
    assert gp.check(lambda model: model(x).sum(), gp.autodiff, layer).passed


def test_tensors_of_all_sorts() -> None:
    point = {
        "empty": torch.zeros(0, 3, dtype=torch.float64),
        "transposed": normal(3, 4).T,
        "expanded": normal(3, 1).expand(3, 2),
        "whole": torch.arange(3),
        "number": torch.tensor(0.3, dtype=torch.float64),
    }
    bits = {name: value.clone() for name, value in point.items()}

    def f(t: Any) -> Any:
        return t["empty"].sum() + (t["transposed"] @ t["expanded"] * t["number"]).sin().sum()

    report = gp.check(f, gp.autodiff, point)
    assert report.passed, report.summary()
    assert [leaf.address for leaf in report.leaves] == [
        f"t[{name!r}]" for name in ("empty", "transposed", "expanded", "number")
    ]
    assert all(torch.equal(value, bits[name]) for name, value in point.items())
    assert not any(value.requires_grad for value in point.values())


def test_where_some_tensors_require_a_gradient_the_others_are_constants() -> None:
    moved, fixed = normal(3).requires_grad_(), normal(3, seed=1)
    report = gp.check(lambda t: (t[0] * t[1]).sin().sum(), gp.autodiff, (moved, fixed))
    assert [leaf.address for leaf in report.leaves] == ["t[0]"]
    assert report.passed


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_low_precision_is_promoted(dtype: Any) -> None:
    x = normal(12, dtype=dtype)
    report = gp.check(lambda t: t.sin().sum(), gp.autodiff, x)
    assert report.passed, report.summary()
    assert any("promoted" in note for note in report.notes)
    wrong = gp.check(lambda t: t.sin().sum(), lambda t: 1.1 * t.cos(), x)
    assert wrong.verdict == "fail"


@pytest.mark.parametrize(
    "claim",
    [
        gp.VJP(lambda t, u: t.cos() * u, jvp=lambda t, v: t.cos() * v),
        gp.JVP(lambda t, v: t.cos() * v),
        gp.Jacobian(lambda t: torch.diag(t.cos())),
    ],
)
def test_claims_may_be_functions_of_tensors(claim: Any) -> None:
    assert gp.check(torch.sin, claim, normal(5)).passed
    assert gp.check(lambda t: 1.1 * torch.sin(t), claim, normal(5)).verdict == "fail"


def test_a_jacobian_of_tensors_may_be_a_linear_operator() -> None:
    matrix = normal(3, 5)
    operator = aslinearoperator(matrix.numpy())
    assert gp.check(lambda t: matrix @ t, gp.Jacobian(operator), normal(5)).passed
    assert gp.check(lambda t: 1.1 * matrix @ t, gp.Jacobian(operator), normal(5)).verdict == "fail"


@pytest.mark.parametrize("gradient", [torch.cos, None])
def test_products_with_the_hessian(gradient: Any) -> None:
    def f(t: Any) -> Any:
        return t.sin().sum()

    claim = gp.HVP(lambda t, v: -t.sin() * v, gradient=gradient)
    assert gp.check(f, claim, normal(5)).passed
    wrong = gp.HVP(lambda t, v: -1.1 * t.sin() * v, gradient=gradient)
    assert gp.check(f, wrong, normal(5)).verdict == "fail"


def test_compiled_functions_and_custom_operators() -> None:
    compiled = torch.compile(lambda t: t.sin().sum(), backend="eager")
    assert gp.check(compiled, gp.autodiff, normal(5)).passed

    @torch.library.custom_op("gradproof_tests::cube", mutates_args=())
    def cube(x: torch.Tensor) -> torch.Tensor:
        return x**3

    for factor, verdict in ((3.0, "pass"), (2.0, "fail")):
        cube.register_autograd(
            lambda ctx, gradient, by=factor: by * gradient * ctx.saved_tensors[0] ** 2,
            setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
        )
        assert gp.check(lambda t: cube(t).sum(), gp.autodiff, normal(5)).verdict == verdict


def test_a_wrong_double_backward_is_seen_and_only_there() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x.detach() * gradient  # of which x is forgotten

    def f(t: Any) -> Any:
        return Square.apply(t).sum()

    assert gp.check(f, gp.autodiff, normal(5)).passed
    assert gp.check(f, gp.autodiff(order=2), normal(5)).verdict == "fail"


def test_many_parameters_go_by_directions() -> None:
    layer = torch.nn.Linear(100, 50).double()
    x = normal(8, 100)
    report = gp.check(lambda model: model(x).tanh().sum(), gp.autodiff, layer)
    assert report.passed
    assert report.plan == "project"
    layer.weight.register_hook(lambda gradient: gradient * (torch.arange(50) != 7)[:, None])
    report = gp.check(lambda model: model(x).tanh().sum(), gp.autodiff, layer)
    assert report.patterns[0].address == "model.weight[7, :]"


@pytest.mark.parametrize(
    ("f", "at", "message"),
    [
        (lambda t: t.sum().item(), normal(3), "expected a tensor: automatic differentiation"),
        (lambda t: t.sum(), np.arange(3), "expected tensors of PyTorch"),
        (lambda t: t.sum(), torch.arange(3), "no array of floating-point numbers"),
        (lambda t: t.to_dense().sum(), normal(3, 3).to_sparse(), "layout torch.sparse_coo"),
    ],
)
def test_wrong_use_gets_help(f: Any, at: Any, message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        gp.check(f, gp.autodiff, at)


def test_an_edit_in_place_gets_help() -> None:
    def f(t: Any) -> Any:
        t.mul_(2)
        return t.sum()

    with pytest.raises(RuntimeError) as caught:
        gp.check(f, gp.autodiff, normal(3))
    assert any("t.clone()" in note for note in caught.value.__notes__)


def test_forward_mode_of_a_module_gets_help() -> None:
    with pytest.raises(gp.InputError, match="carry no tangents"):
        gp.check(
            lambda m: m(normal(2, 3)).sum(), gp.autodiff(mode="forward"), torch.nn.Linear(3, 1)
        )


@pytest.mark.parametrize("options", [{"mode": "backward"}, {"order": 3}, {"order": True}])
def test_what_automatic_differentiation_there_is(options: Any) -> None:
    with pytest.raises(gp.InputError, match="expected"):
        gp.autodiff(**options)


def test_what_a_module_is_checked_with_is_told_by_its_name() -> None:
    layer: Any = torch.nn.Linear(3, 2)
    said = r"loss: found a function of \(input, target.*called with one argument, loss\(module\)"
    with pytest.raises(gp.InputError, match=said):
        gp.torch.check_module(layer, torch.nn.functional.mse_loss)
    with pytest.raises(
        gp.InputError, match=r"loss: found 3, expected a function, .*loss\(module\)"
    ):
        gp.torch.check_module(layer, 3)  # type: ignore[arg-type]
    with pytest.raises(gp.InputError, match=r"module: found .* then its loss: check_module\(mod"):
        gp.torch.check_module(lambda module: 0.0, layer)


def test_checking_a_module_is_the_same_check() -> None:
    layer, x = torch.nn.Linear(3, 2).double(), normal(4, 3)

    def total(model: Any) -> Any:
        return model(x).tanh().sum()

    one, other = (
        gp.torch.check_module(layer, total, seed=3),
        gp.check(total, gp.autodiff, layer, seed=3),
    )
    assert one.leaves == other.leaves
    assert one.passed
    assert one.seed == 3


def test_outputs_without_a_gradient_are_not_tested_beside_others() -> None:
    def f(t: Any) -> Any:
        return {"loss": t.sin().sum(), "seen": (t**2).detach(), "kept": t.cos()}

    for claim in (gp.autodiff, gp.autodiff(mode="forward")):
        report = gp.check(f, claim, normal(4, 3))
        assert report.passed, report.summary()
        assert "output['seen']: does not require a gradient, and was not tested" in report.notes
    assert gp.check(lambda t: (t**2).detach(), gp.autodiff, normal(3)).verdict == "fail"


@pytest.mark.parametrize("terms", ["sum", "mean"])
def test_a_loss_that_is_given_by_its_terms(terms: Any) -> None:
    x = normal(20, dtype=torch.float32)
    assert gp.check(gp.Problem(lambda t: t.sin(), gp.autodiff, x, terms=terms)).passed
    total = x.cos() if terms == "sum" else x.cos() / 20
    assert gp.check(gp.Problem(torch.sin, total, x, terms=terms)).passed
    assert gp.check(gp.Problem(torch.sin, 1.1 * total, x, terms=terms)).verdict == "fail"


def test_a_numerical_gradient_of_tensors_is_one_of_arrays() -> None:
    x = normal(4)
    found = gp.differentiate(lambda t: t["x"].sin().sum(), {"x": x, "n": 3})
    assert np.allclose(found.values["x"], x.cos().numpy(), rtol=1e-9)
    layer = torch.nn.Linear(3, 1).double()
    of_module = gp.differentiate(lambda m: m(normal(2, 3)).sum(), layer)
    assert np.allclose(of_module.values["bias"], 2.0)


def test_layers_that_compute_their_weights_or_draw_masks() -> None:
    torch.manual_seed(0)
    x = normal(2, 3, 4)
    layers = [
        torch.nn.LSTM(4, 3),
        torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(4, 2)),
        torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(4, 2)),
        torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
    ]
    for layer in layers:
        layer.double()
        before = {name: value.clone() for name, value in layer.state_dict().items()}

        def total(model: Any) -> Any:
            result = model(x)
            return ((result[0] if isinstance(result, tuple) else result) ** 3).sum()

        report = gp.torch.check_module(layer, total)
        assert report.passed, report.summary()
        after = layer.state_dict()
        assert all(torch.equal(value, before[name]) for name, value in after.items())


def test_tensors_without_numbers_and_on_two_devices_get_help() -> None:
    with pytest.raises(gp.InputError, match="device meta"):
        gp.check(lambda t: t.sum(), gp.autodiff, torch.ones(3, device="meta"))

    def elsewhere(t: Any) -> Any:
        raise RuntimeError("Expected all tensors to be on the same device, but found two")

    with pytest.raises(RuntimeError) as caught:
        gp.check(elsewhere, gp.autodiff, normal(3))
    assert any("to one" in note for note in caught.value.__notes__)


def test_it_is_said_why_f_is_not_promoted() -> None:
    x = normal(4, 3, dtype=torch.float32)

    def only_single(t: Any) -> Any:
        if t.dtype != torch.float32:
            raise TypeError("no kernel")
        return t.sin().sum()

    report = gp.check(only_single, gp.autodiff, x)
    assert report.passed
    assert report.rtol == 1e-2
    assert any("does not take float64: TypeError" in note for note in report.notes)
    report = gp.check(lambda t: t.float().sin().sum(), gp.autodiff, x)
    assert any("or computes in less" in note for note in report.notes)


def test_forward_mode_of_what_has_no_tangent() -> None:
    at = normal(3, 3)
    report = gp.check(torch.linalg.slogdet, gp.autodiff(mode="forward"), at)
    assert report.passed, report.summary()


def test_one_number_in_a_container_is_one_of_several_values() -> None:
    for f in (lambda t: {"loss": t.sin().sum()}, lambda t: [t.sin().sum(), t.detach().max()]):
        report = gp.check(f, gp.autodiff, normal(4))
        assert report.passed, report.summary()
    with pytest.raises(gp.InputError, match="found 4 numbers with order=2"):
        gp.check(lambda t: t.sin(), gp.autodiff(order=2), normal(4))


def test_products_that_lose_digits_are_linear_all_the_same() -> None:
    # The backward pass of a running log-sum-exp takes logarithms of what it is given.
    at = normal(5, 5, 5) * 5
    at[0] = 10_000
    for dim in range(2):

        def f(t: Any, dim: int = dim) -> Any:
            return torch.logcumsumexp(t, dim)

        report = gp.check(f, gp.autodiff, at)
        assert report.verdict != "fail", report.summary()


def test_modules_without_parameters_that_are_moved_go_along() -> None:
    frozen = torch.nn.Linear(3, 2).double().requires_grad_(False)
    for module in (torch.nn.Tanh(), frozen):
        x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
        report = gp.check(lambda t: t[0](t[1]).square().sum(), gp.autodiff, (module, x))
        assert report.passed, report.summary()
        assert [leaf.address for leaf in report.leaves] == ["t[1]"]


def test_a_module_without_shapes_yet_gets_help() -> None:
    module = torch.nn.Sequential(torch.nn.LazyLinear(2))
    with pytest.raises(gp.InputError, match=r"'0\.weight' .* call the module once"):
        gp.check(lambda m: m(torch.ones(3, 4)).sum(), gp.autodiff, module)


NETWORKS: list[Any] = [
    (lambda: torch.nn.Linear(3, 2), (5, 3)),
    (lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)), (5, 3)),
    (lambda: torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)).eval(), (5, 3)),
    (lambda: torch.nn.Conv1d(2, 3, 2), (2, 2, 5)),
    (lambda: torch.nn.LSTM(2, 2), (3, 2, 2)),
    (lambda: torch.nn.GRU(2, 2), (3, 2, 2)),
    (lambda: torch.nn.MultiheadAttention(4, 2, dropout=0.2), (3, 2, 4)),
]


@pytest.mark.parametrize(
    "words",
    [
        "mat1 and mat2 must have the same dtype, but got Double and Float",
        "RNN input dtype (torch.float32) does not match weight dtype (torch.float64).",
        "input must have the type torch.float64, got type torch.float32",  # of older ones
    ],
)
def test_what_pytorch_says_of_tensors_of_several_types_is_known(words: str) -> None:
    assert is_about_types(ValueError(words))
    assert not is_about_types(ValueError("shapes cannot be multiplied (3x2 and 3x2)"))


@pytest.mark.parametrize(("make", "shape"), NETWORKS)
def test_float32_that_f_brings_along_meets_promoted_parameters(make: Any, shape: Any) -> None:
    torch.manual_seed(0)
    network, x = make(), torch.randn(*shape)
    weights = torch.randn(64)
    state = {name: one.clone() for name, one in network.state_dict().items()}

    def loss(network: Any) -> Any:
        attention = isinstance(network, torch.nn.MultiheadAttention)
        found = network(x, x, x) if attention else network(x)
        found = (found[0] if isinstance(found, tuple) else found).tanh().ravel()
        return found @ weights[: found.numel()]

    report = gp.check(loss, gp.autodiff, network)
    assert report.passed, report.summary()
    assert report.rtol == 1e-4
    assert any("brings along were converted to float64" in note for note in report.notes)
    assert all(torch.equal(one, state[name]) for name, one in network.state_dict().items())
    assert not any(part._forward_pre_hooks for part in network.modules())


def test_what_is_wrong_shows_through_the_conversion() -> None:
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            ctx.save_for_backward(x, w)
            return x @ w

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, _ = ctx.saved_tensors
            return None, 1.01 * x.T @ g

    x = torch.randn(5, 3)
    report = gp.check(lambda w: Scaled.apply(x, w).square().sum(), gp.autodiff, torch.randn(3, 2))
    assert report.verdict == "fail"
    assert report.causes[0].code == "GP302"


def test_what_is_written_in_place_in_low_precision_is_not_taken_for_float64() -> None:
    x = torch.randn(3, 3)

    def f(w: Any) -> Any:
        kept = torch.zeros(3, 3)
        kept.copy_(x @ w)
        return kept.square().sum()

    report = gp.check(f, gp.autodiff, torch.randn(3, 3))
    assert report.passed, report.summary()
    assert report.rtol == 1e-2
    assert any("parameters in float64 would show more" in note for note in report.notes)
    assert not any("brings along" in note for note in report.notes)


def test_types_that_do_not_fit_at_the_point_itself_are_the_users() -> None:
    with pytest.raises(RuntimeError, match="dtype"):
        gp.check(lambda w: (torch.ones(2, 3) @ w).sum(), gp.autodiff, torch.ones(3, 2).double())


def double(*shape: int) -> Any:
    return torch.randn(*shape, dtype=torch.float64)


def test_parameters_that_two_modules_share_are_moved_once() -> None:
    first, second, x = torch.nn.Linear(3, 3).double(), torch.nn.Linear(3, 3).double(), double(4, 3)
    second.weight = first.weight
    for at in ({"e": first, "d": second}, {"e": first, "d": first}):
        report = gp.check(lambda t: t["d"](t["e"](x).tanh()).square().sum(), gp.autodiff, at)
        assert report.passed, report.summary()
        names = [leaf.path[-1] for leaf in report.leaves]
        assert sorted(names) == sorted(["weight", "bias"] + ["bias"] * (at["d"] is second))


def test_tensors_beside_a_module_are_checked_whether_they_require_a_gradient_or_not() -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 5 * g

    layer = torch.nn.Linear(3, 2).double()
    report = gp.check(lambda t: t[0](Wrong.apply(t[1])).sum(), gp.autodiff, (layer, double(4, 3)))
    assert report.verdict == "fail"
    assert {cause.addresses for cause in report.causes if cause.code == "GP302"} == {("t[1]",)}


def test_what_goes_along_unchecked_is_named() -> None:
    at = {"a": double(3).requires_grad_(), "b": double(3), "c": double(3) * 1j}
    report = gp.check(lambda t: (t["a"] * t["b"] * t["c"].imag).sum(), gp.autodiff, at)
    assert report.passed
    assert [leaf.address for leaf in report.leaves] == ["t['a']"]
    words = "t['b'], t['c']: went along unchanged and unchecked"
    assert any(words in note for note in report.notes)


def test_a_module_that_edits_its_weights_is_checked_where_it_was() -> None:
    class Clamped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.tensor([3.0, -2.0, 4.0]).double())

        def forward(self) -> Any:
            with torch.no_grad():
                self.w.clamp_(-0.5, 0.5)
            return self.w.square().sum()

    module = Clamped()
    report = gp.check(lambda m: m(), gp.autodiff, module)
    assert report.verdict == "fail"
    assert "GP102" in {cause.code for cause in report.causes}
    assert module.w.tolist() == [3.0, -2.0, 4.0]


def test_gradients_of_a_module_by_hand_as_pytorch_gives_them() -> None:
    layer, x = torch.nn.Linear(3, 2).double(), double(4, 3)

    def loss(m: Any) -> Any:
        return m(x).tanh().sum()

    def by_grad(m: Any) -> Any:
        return torch.autograd.grad(loss(m), list(m.parameters()))

    def by_backward(m: Any) -> Any:
        loss(m).backward()
        return [p.grad for p in m.parameters()]

    layer.weight.grad = kept = torch.ones(2, 3).double()
    for gradient in (by_grad, by_backward):
        report = gp.check(loss, gradient, layer)
        assert report.passed, report.summary()
    assert layer.weight.grad is kept
    assert torch.equal(kept, torch.ones(2, 3).double())
    assert gp.check(loss, lambda m: [2 * g for g in by_grad(m)], layer).verdict == "fail"


def test_whatever_f_changes_in_a_module_is_put_back() -> None:
    class Stateful(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.norm = torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3)
            self.slow = torch.nn.Linear(3, 3).requires_grad_(False)
            self.register_buffer("seen", None)
            self.last: Any = torch.zeros(3)

        def forward(self, x: Any) -> Any:
            self.norm.train()
            y = self.norm(self.layer(x))
            self.norm.eval()
            with torch.no_grad():
                self.slow.weight.mul_(0.9)
            self.seen, self.last = y.detach(), y
            self.layer.bias.requires_grad_(False)
            return self.norm(y) + self.slow(x)

    module, x = Stateful().double().eval(), double(5, 3)
    state, last = {k: v.clone() for k, v in module.state_dict().items()}, module.last
    report = gp.check(lambda m: m(x).tanh().sum(), gp.autodiff, module)
    assert not any(cause.code == "GP101" for cause in report.causes), report.summary()
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())
    assert module.seen is None
    assert module.last is last
    assert module.layer.bias.requires_grad
    assert not module.norm.training


def test_an_f_that_forgets_its_argument_does_not_pass() -> None:
    model, x = torch.nn.Linear(3, 2).double(), double(4, 3)
    report = gp.check(lambda p: model(x).sin().sum(), gp.autodiff, list(model.parameters()))
    assert report.verdict == "inconclusive"
    assert "GP504" in {cause.code for cause in report.causes}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_gradients_that_are_data_are_right_in_half_precision(dtype: Any, seed: int) -> None:
    # In float64 they are on the grid of float32, and all the same more exact than what is claimed.
    torch.manual_seed(seed)
    w, at = torch.randn(40), torch.randn(40).to(dtype)
    report = gp.check(lambda t: (t * w).sum(), gp.autodiff, at, seed=seed)
    assert report.passed, report.summary()
    assert gp.check(lambda t: (t * w).sum(), (1.05 * w).to(dtype), at).verdict == "fail"


def test_the_class_of_the_claim_is_taken_for_the_claim() -> None:
    claim: Any = gp.Autodiff
    assert gp.check(lambda t: t.sin().sum(), claim, double(3)).passed
