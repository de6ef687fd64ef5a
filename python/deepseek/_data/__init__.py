"""Validation of data for any model: arrays, targets, weights and sequences in the form that the engine reads."""
