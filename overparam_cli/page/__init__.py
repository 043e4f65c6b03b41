"""`overparam report`: what a results folder holds, as one HTML file that needs nothing but a browser.

`gather` finds out what there is, `pictures` draws it, `writing` makes the file. What it stands on (jinja2, plotly) is
the extra `report`, imported when a file is made.
"""
