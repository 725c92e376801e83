"""The embedded AWS: moto behind our own WSGI layer. Importing this package loads none of it."""
