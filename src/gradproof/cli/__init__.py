"""The command line: ``gradproof``."""

from gradproof.cli.app import main

__all__ = ["main"]
