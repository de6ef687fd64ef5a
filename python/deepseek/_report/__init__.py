"""The report on synthetic rows: how like real ones they are, and what they are good for."""
