"""The parts that the stages are made of: arrays in, arrays out."""
