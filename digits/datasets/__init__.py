"""Obtain a data set: what stage fetch alone needs."""
