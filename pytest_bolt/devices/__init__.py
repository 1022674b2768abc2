"""Clocks, synchronisation and facts of each kind of device."""
