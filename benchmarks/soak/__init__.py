"""A soak: a hundred thousand random small checks in one process."""
