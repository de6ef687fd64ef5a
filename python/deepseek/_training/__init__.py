"""One fit of any model: loop, state, interrupts, locks, monitors; and the base class of the three models."""
