"""pymanopt: the Riemannian gradient on the unitary group is not that of its cost.

Run ``python -m benchmarks.trust.wild.pymanopt_unitary`` from the repository's root.
"""

import numpy as np
import pymanopt

import gradproof as gp


def report() -> gp.Report:
    """Check the gradient of Re⟨C, U⟩, whose Euclidean gradient is C, at a random point."""
    manifold = pymanopt.manifolds.UnitaryGroup(3)
    rng = np.random.default_rng(0)
    C = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))

    @pymanopt.function.numpy(manifold)
    def cost(U):  # type: ignore[no-untyped-def]
        return np.real(np.vdot(C, U))

    @pymanopt.function.numpy(manifold)
    def gradient(U):  # type: ignore[no-untyped-def]
        return C

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    return gp.pymanopt.check_problem(problem)


if __name__ == "__main__":
    print(report())
