"""The version, here so that every floor can write it into what it produces."""

__version__ = "0.1.0"
