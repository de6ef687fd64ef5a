"""Encoding of tables of any library as rows of numbers for a generator, and decoding."""
