"""Write every hostile artifact: ``PYTHONPATH=.:tests python -m images.hostile FOLDER``.

FOLDER/<family>/<number> is an artifact, with the digest that an operator asks for in `expected`,
and what is wrong with it in `what`.
"""

import sys
from pathlib import Path

from images.hostile.families import FAMILIES, write

for family in FAMILIES:
    print(len(write(family, Path(sys.argv[1]) / family)), family)
