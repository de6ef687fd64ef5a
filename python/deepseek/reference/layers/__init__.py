"""Layers of the reference: dense, dropout, norm, pooling, recurrent, each forward beside backward.

Mirrors ``csrc/layers``.
"""
