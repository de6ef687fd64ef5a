"""Metrics in plain NumPy: of texts, of generated samples against data, of the columns of two tables."""
