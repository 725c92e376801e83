"""Measures Narrowgate beside its peers, in one run: `python -m bench`. Medians and ratios, no assertions."""
