"""One function a command: each builds the Worlds and composes pure verbs with adapters."""
