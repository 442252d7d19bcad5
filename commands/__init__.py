"""What people type beside `dvc`: one file, one command of `digits` (`python -m digits`)."""
