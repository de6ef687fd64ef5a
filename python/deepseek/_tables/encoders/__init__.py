"""Encoders of one column each, as inputs of a network."""
