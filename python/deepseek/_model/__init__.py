"""What every model does, whatever it is made of: be fitted, interrupted, shared, saved and read back."""
