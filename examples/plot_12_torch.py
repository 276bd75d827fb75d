"""
PyTorch: a backward pass of one's own
=====================================

A custom ``autograd.Function`` is believed without a question. Here is one with a mistake that is
easily made, and how it is seen.
"""

# %%
# SiLU, x · σ(x), with a backward pass that is to save memory. It keeps σ(x) and not x, and where
# the formula needs x once more, it takes the output:

import matplotlib.pyplot as plt
import torch

import gradproof as gp

plt.style.use("tableau-colorblind10")


class FastSiLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: torch.Tensor) -> torch.Tensor:
        s = torch.sigmoid(x)
        ctx.save_for_backward(s, x * s)
        return x * s

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, incoming: torch.Tensor) -> torch.Tensor:
        s, out = ctx.saved_tensors
        return incoming * (s + out * s * (1 - s))  # out · (1 − s) would be right


# %%
# In a network it trains, and no shape or type is wrong. :data:`gradproof.autodiff` in the place of
# the gradient asks what PyTorch says, whatever is inside:

x = torch.linspace(-6, 6, 61)
report = gp.check(lambda x: FastSiLU.apply(x).sum(), gp.autodiff, x)
print(report)

# %%
# The tensors are float32; f was evaluated in float64 all the same, and so was the Function in it.
# The report holds all components. Here each of them is the slope at one x:

(tensor,) = report.tensors
figure, ax = plt.subplots()
ax.plot(
    x,
    tensor.measured,
    color="C0",
    lw=4,
    alpha=0.5,
    label="measured, with bars too small to be seen",
)
ax.plot(x, tensor.claimed, ".-", lw=1, color="C1", label="claimed by backward()")
ax.plot(x, FastSiLU.apply(x), ":", color="C3", label="SiLU itself")
ax.set(xlabel="x", ylabel="slope", ylim=(-0.4, 1.7))
ax.set_title("Right at 0 and far out, wrong in between")
ax.legend(loc="upper left")
plt.show()

# %%
# Right far out, and at 0: a test with a few large numbers, or with zeros, would have passed.
# Mended:


class SiLU(FastSiLU):
    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, incoming: torch.Tensor) -> torch.Tensor:
        s, out = ctx.saved_tensors
        return incoming * (s + out * (1 - s))


print(gp.check(lambda x: SiLU.apply(x).sum(), gp.autodiff, x).headline)

# %%
# A module
# --------
# What holds the Function can be checked as it is, with all its parameters, and is put back
# afterwards bit for bit:


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = torch.nn.Linear(4, 8), torch.nn.Linear(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(FastSiLU.apply(self.first(x)))


torch.manual_seed(0)
model, batch = Network(), torch.randn(16, 4)
print(gp.torch.check_module(model, lambda model: model(batch).square().mean()))

# %%
# ``last`` is right and ``first`` is wrong, so that the mistake sits between the two. **To take
# along:** a Function of your own deserves a test of one line, :func:`gradproof.assert_gradient`.
