"""What the answers are worth: scores, calibration, significance, spoiled images, comparison."""
