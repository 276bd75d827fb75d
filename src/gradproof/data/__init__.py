"""Real input: images with labels, read from HDF5 files, and the digits that come with gradproof."""

from gradproof.data.digits import load_digits
from gradproof.data.hdf5 import Examples, load_h5

__all__ = ["Examples", "load_digits", "load_h5"]
