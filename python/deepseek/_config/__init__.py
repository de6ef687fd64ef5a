"""Configurations of the three models: validated arguments, and their forms for the engine and for files."""
