"""The report on a `TabularNet`: its scores on rows that it has not seen, as one HTML file."""
