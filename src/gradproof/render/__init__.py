"""From the record to what people read: one small file for each format."""

import random

# rich draws from Python's generator when it is imported; that of the user is to stay where it is.
_state = random.getstate()
import rich.style  # noqa: E402, F401

random.setstate(_state)
del _state
