"""Real input: images with labels, read from files, and the digits that come with gradproof."""

from gradproof.data.digits import load_digits
from gradproof.data.hdf5 import load_h5
from gradproof.data.images import Examples
from gradproof.data.npz import load_npz

__all__ = ["Examples", "load_digits", "load_h5", "load_npz"]
