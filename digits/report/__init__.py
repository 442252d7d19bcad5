"""Make the page: one HTML file that holds all it shows, its style and its scripts included.

What it looks like is in the templates, the style and the scripts of digits/page.
"""
