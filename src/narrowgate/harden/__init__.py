"""A vendor's policy made narrower: contained in the original, sufficient for what was observed. Pure."""
