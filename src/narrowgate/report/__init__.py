"""Results as text and as JSON-ready data. Pure."""
