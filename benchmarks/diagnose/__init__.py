"""How often the mistake in a wrong gradient is named, and how often one that was not made."""
