"""scikit-learn: the gradient of t-SNE is wrong for more than two dimensions.

Run ``python -m benchmarks.trust.wild.tsne_in_three_dimensions`` from the repository's root.
"""

import numpy as np
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.metrics import pairwise_distances

import gradproof as gp


def report(components: int = 3) -> gp.Report:
    """Check the gradient of the divergence that `TSNE(n_components=...)` minimises."""
    rng = np.random.default_rng(0)
    distances = pairwise_distances(rng.standard_normal((20, 5)), squared=True)
    P = _joint_probabilities(distances, 5.0, 0)
    freedom = max(components - 1, 1)  # as TSNE passes it
    return gp.check(
        lambda y: _kl_divergence(y, P, freedom, 20, components),
        True,
        rng.standard_normal(20 * components),
    )


if __name__ == "__main__":
    print("two dimensions:", report(2).headline)
    print(report())
