"""What people type beside `dvc`: one file, one command of `digits` (`python -m digits`).

revisions.py is none: it reads what other commits hold, for the commands that compare.
"""
