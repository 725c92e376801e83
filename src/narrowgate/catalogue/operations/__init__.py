"""One module for each service, found by its constant `TABLE`."""
