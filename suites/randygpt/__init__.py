"""randyGPT: model, gradients, schedule, optimiser, first weights and checkpoints."""
