"""Train a model: the loop, saving, the history, augmentation, checkpoints."""
