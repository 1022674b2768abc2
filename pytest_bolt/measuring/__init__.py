"""Worker processes, the wire between them and the controller, and the clocks they read."""
