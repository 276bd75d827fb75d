"""The validation families, one file a source."""
