"""The tuning families, one file a source."""
