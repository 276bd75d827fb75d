"""The catalogue of causes: one file for each code."""

import importlib

from gradproof.judge.catalogue import Cause

_FILES = (
    "gp101_random_function",
    "gp102_mutates_its_input",
    "gp103_wrong_structure",
    "gp104_non_finite_gradient",
    "gp105_gradient_changes",
    "gp106_value_differs",
    "gp107_ignores_its_argument",
    "gp108_non_finite_function",
    "gp201_noise",
    "gp202_kink",
    "gp203_precision",
    "gp204_domain_edge",
    "gp205_two_scales",
    "gp206_budget_spent",
    "gp207_derivative_diverges",
    "gp208_random_without_reseed",
    "gp301_sign_flipped",
    "gp302_constant_factor",
    "gp303_factor_and_penalty",
    "gp304_constant_offset",
    "gp305_stale_point",
    "gp306_conjugated",
    "gp399_another_function",
    "gp401_l2_term",
    "gp402_l1_term",
    "gp403_transposed",
    "gp404_memory_order",
    "gp405_reversed",
    "gp406_shifted",
    "gp407_swapped_leaves",
    "gp408_duplicated_leaf",
    "gp409_zero_leaf",
    "gp410_zero_slice",
    "gp411_wrong_slice",
    "gp412_single_components",
    "gp413_wrong_from_layer_down",
    "gp414_masked",
    "gp415_unsummed_broadcast",
    "gp416_missing_non_zeros",
    "gp501_cotangent_ignored",
    "gp503_low_precision_accumulation",
    "gp504_no_gradient",
    "gp505_adjoint_mismatch",
    "gp506_hessian_not_symmetric",
    "gp507_not_holomorphic",
    "gp601_not_tangent",
    "gp602_metric_forgotten",
)


def _cause(file: str) -> Cause:
    found = importlib.import_module(f"{__name__}.{file}").CAUSE
    assert isinstance(found, Cause)
    return found


CATALOGUE: dict[str, Cause] = {cause.code: cause for cause in map(_cause, _FILES)}
