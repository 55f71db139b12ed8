"""``python -m hemavision``: the command line."""

from hemavision.cli import main

main(prog_name="hemavision")
