"""SwiGLU."""
