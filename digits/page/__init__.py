"""Make the page: one HTML file that holds all it shows. Words, style, scripts are in assets/."""
