"""Obtain a data set: the code of stage fetch alone."""
