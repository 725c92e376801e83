"""From calls to the least policy: evidence, scopes, statements with their reasons. Pure."""
