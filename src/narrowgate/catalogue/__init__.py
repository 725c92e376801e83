"""The catalogue: which requests AWS decides for one API call, and what the call will make. Pure."""
