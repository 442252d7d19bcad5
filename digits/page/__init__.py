"""Make the page: one HTML file that holds all it shows, its style and its scripts included.

The words, the style and the scripts are in assets/.
"""
