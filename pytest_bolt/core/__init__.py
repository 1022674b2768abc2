"""The functional core: frozen data and pure functions, no clock, process, device, git or database."""
