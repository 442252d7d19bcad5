"""Answer with a trained model."""
