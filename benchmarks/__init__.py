"""How fast it is, against what people use instead."""
