"""Layers of the reference: dense, dropout, norm; forward beside backward. Mirrors ``csrc/layers``."""
