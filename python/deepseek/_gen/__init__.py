"""Parts of `Gen`: data, fit, monitors, samples and the layer table."""
