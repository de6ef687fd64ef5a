"""Data of any model at the door: arrays, targets, weights and sequences, checked, as the engine reads them."""
