"""What the stages are made of, in rooms; README.md, "Where things are", has their map."""
