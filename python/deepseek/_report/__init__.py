"""The report on synthetic rows: their similarity to real rows, their utility, and copies of real rows."""
