"""Rebuild src/gradproof/data/digits.h5 from the copy of the digits that scikit-learn brings.

Run as ``python tools/build_digits.py [PATH]``. The pixels, 0 to 16, are stretched to 0 to 255; the
label is "is it a 0?". The first 1,437 images are for training and the last 360 for testing: they
are in the order of their writers, so that the test images are by other hands.
"""

import sys
from pathlib import Path

import h5py
import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).parents[1] / "src" / "gradproof" / "data" / "digits.h5"
TRAINING_IMAGES = 1437


def main(path: Path) -> None:
    """Write the file."""
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    labels = (digits.target == 0).astype(np.uint8)
    parts = {"train": slice(None, TRAINING_IMAGES), "test": slice(TRAINING_IMAGES, None)}
    # No timestamps, so that the same input gives the same bytes.
    with h5py.File(path, "w", track_order=False) as file:
        for part, chosen in parts.items():
            file.create_dataset(
                f"{part}_set_x", data=images[chosen], compression="gzip", track_times=False
            )
            file.create_dataset(f"{part}_set_y", data=labels[chosen], track_times=False)
    print(f"{path}: {len(images)} images, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
