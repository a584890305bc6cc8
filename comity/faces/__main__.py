"""Lets ``python -m comity.faces`` run the command line where the installed `comity` is not on the path."""

from comity.faces.cli import run

if __name__ == "__main__":
    run()
