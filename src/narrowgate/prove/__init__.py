"""Proofs about policies and evidence, in the model: sufficient, minimal, contained. Pure."""
