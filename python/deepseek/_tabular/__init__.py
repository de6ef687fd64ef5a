"""Training, scores and files of `TabularNet`."""
