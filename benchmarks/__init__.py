"""How fast it is: against what people use instead, and against what the machine can do."""
