"""What the answers are worth: scores, calibration, significance, corruptions, comparison."""
