"""`python -m digits` is the command `digits`, for where it is not installed."""

from digits.cli.__main__ import main

if __name__ == "__main__":
    main()
