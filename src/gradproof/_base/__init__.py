"""Ground floor: errors, the version, and checks of single values, used by every floor above."""
