"""Families of functions; `tuning` may be looked at while rules are made, `validation` may not."""
