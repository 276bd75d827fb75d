"""The report as people hold it: the record, with its rendering."""

from typing import TYPE_CHECKING

from gradproof._base.validation import whole_number
from gradproof.judge.report import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Report(Record):
    """What a check found; true where it passed.

    Parameters
    ----------
    verdict : Verdict
        ``"pass"``, ``"fail"`` or ``"inconclusive"``.
    headline : str
        The whole answer in one sentence.
    evaluations : int
        Points at which f was evaluated.
    gradient_calls : int
        Calls of the gradient.
    seconds : float
        Wall time.
    plan : str
        Which derivatives were measured.
    seed : int
        Seed of the random numbers.
    rtol : float
        The relative tolerance in force.
    resolution : float
        The smallest relative error that would have been seen in any component that passed; inf
        where none did.
    value : float
        The value of f at the point.
    noise : float
        The root mean square noise of one value of f.
    leaves : tuple of LeafFinding
        One finding for each leaf.
    culprits : tuple of ComponentFinding
        Single wrong components, those with the largest effect on f first; at most 100.
    patterns : tuple of PatternFinding
        Which rows, columns or slices of each wrong leaf are wrong, or all of it.
    causes : tuple of CauseFinding
        Why the check did not simply pass.
    notes : tuple of str
        What was read or done in a way worth knowing.
    controls : tuple of ControlFinding
        What the self-test showed, where it was asked for: claims that were broken on purpose.
    certificate : Certificate or None
        What random directions prove about the error as a whole, with ``plan="project"``.
    versions : dict of str to str
        Versions of gradproof and of what it computes with.
    curves : tuple of Curve
        How f moves on both sides of a few components that do not pass; on a manifold also along a
        random tangent, right or not.
    tensors : tuple of TensorValues
        Every component as claimed and measured, where components were measured one by one; in data
        and JSON only with ``tensors=True``.
    interrupted : bool
        Whether Ctrl-C ended the check, with what was known by then.

    Examples
    --------
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: t**2, lambda t: 2 * t, 3.0)
    >>> report.verdict == "pass", bool(report)
    (True, True)
    """

    def summary(self, width: int = 100) -> str:
        """Render the report as plain text of at most `width` columns.

        Parameters
        ----------
        width : int, default 100
            The number of columns, 40 or more.

        Returns
        -------
        str
            The answer first, then every tensor (the wrong ones whole), causes and advice.

        Raises
        ------
        InputError
            If `width` is no whole number.

        Examples
        --------
        >>> import gradproof as gp
        >>> print(gp.check(lambda t: t**2, lambda t: 2 * t, 3.0).summary())
        gradproof  PASS   right to 1e-06 ... evaluations ... s   seed 0
        <BLANKLINE>
          t  number  pass  right to ...e-07
        """
        from gradproof.render.terminal import render

        return render(self, width=whole_number(width, "width", at_least=0))

    def plot(self) -> "Figure":
        """Draw the report: its verdict, every tensor as a map, and f along one component.

        Maps show the distance of claim and measurement in error bars; of what was checked along
        directions, or read from JSON without `tensors`, whole tensors are shown. f along the first
        wrong component is there twice: the error of differences against their step, and the Taylor
        test.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, which pyplot knows nothing of.

        Raises
        ------
        MissingExtra
            If matplotlib is not installed.

        Examples
        --------
        >>> import gradproof as gp
        >>> figure = gp.check(lambda t: t**2, lambda t: 3 * t, 3.0).plot()
        >>> [axes.get_xlabel() for axes in figure.get_axes()][-2:]
        ['step h', 'step h']
        """
        from gradproof.render.picture import figure

        return figure(self)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from gradproof.render.html.fragment import fragment

        return fragment(self)

    def _repr_markdown_(self) -> str:
        """Render the report for a notebook that shows Markdown."""
        from gradproof.render.markdown import render_one

        return render_one(self)
