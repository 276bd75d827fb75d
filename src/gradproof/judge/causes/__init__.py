"""The catalogue of causes: one file for each code."""

from gradproof.judge.catalogue import Cause
from gradproof.judge.causes import (
    gp101_random_function,
    gp102_mutates_its_input,
    gp103_wrong_structure,
    gp104_non_finite_gradient,
    gp105_gradient_changes,
    gp106_value_differs,
    gp107_ignores_its_argument,
    gp108_non_finite_function,
    gp201_noise,
    gp202_kink,
    gp203_precision,
    gp204_domain_edge,
    gp205_two_scales,
)

CATALOGUE: dict[str, Cause] = {
    module.CAUSE.code: module.CAUSE
    for module in (
        gp101_random_function,
        gp102_mutates_its_input,
        gp103_wrong_structure,
        gp104_non_finite_gradient,
        gp105_gradient_changes,
        gp106_value_differs,
        gp107_ignores_its_argument,
        gp108_non_finite_function,
        gp201_noise,
        gp202_kink,
        gp203_precision,
        gp204_domain_edge,
        gp205_two_scales,
    )
}
