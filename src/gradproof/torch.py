"""Checks in the words of PyTorch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from gradproof._base.errors import InputError
from gradproof._base.signatures import require_function
from gradproof._base.validation import described
from gradproof.api.check import check
from gradproof.api.report import Report
from gradproof.problems import autodiff

__all__ = ["check_module"]


def check_module(module: Any, loss: Callable[[Any], Any], **options: Any) -> Report:
    """Check the gradient of a loss by the parameters of a module.

    Parameters
    ----------
    module : torch.nn.Module
        The module. Its parameters that require a gradient are moved while the check lasts; then
        they, their gradients, buffers and modes are as they were. They may be sharded, by
        ``fully_shard`` or as ``DTensor``: every rank then calls this function, and nothing is
        gathered.
    loss : callable
        Called as ``loss(module)``; returns a number, or several. Where parameters are sharded it
        is one number, the same on every rank.
    **options : Any
        Further arguments of :func:`gradproof.check`.

    Returns
    -------
    Report
        That of ``gp.check(loss, gp.autodiff, module, **options)``.

    Raises
    ------
    InputError
        If the module is being checked already, or an argument cannot be understood.

    See Also
    --------
    gradproof.check : The same for any point.

    Notes
    -----
    Costs as many evaluations of the loss as :func:`gradproof.check`, and a few backward passes.

    Examples
    --------
    >>> import gradproof as gp
    >>> import torch
    >>> layer = torch.nn.Linear(3, 1).double()
    >>> report = gp.torch.check_module(layer, lambda m: m(torch.ones(2, 3).double()).sum())
    >>> report.passed
    True
    """
    if inspect.isroutine(module):
        raise InputError(
            f"module: found {described(module)}, a function, expected the module, and then its "
            "loss: check_module(module, loss)"
        )
    hint = "; write lambda module: loss(module(inputs), targets)"
    require_function(loss, "loss", "loss", "module", hint=hint)
    return check(loss, autodiff, module, **options)
