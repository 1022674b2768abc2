"""A transformer layer, and a training step with it."""
