"""The images and labels: where they come from, their form, how they are read."""
