"""Make docs/photograph.png: a digit of MNIST's test set on squared paper in a shadow, being read.

Run as `python docs/photograph.py` where the pipeline has been run.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, ".")
from tests.pictures import papers

random = np.random.default_rng(11)
digit = np.load("data/raw/test_images.npy")[1]
paper = papers.squared(random, papers.sheet(random), least=44, most=52, width=(3, 4))
written = papers.written(random, digit, paper, pen=(40, 46, 92), place=[150, 110], width=11)
papers.PAPERS["shown"] = lambda random, digit: papers.lit(
    written, papers.edge(random, 0.15, curved=True)
)
picture = Path("photograph.jpg")
picture.write_bytes(papers.photograph("shown", digit, random))
arguments = ["predict", picture, "--model", "all", "--show", "docs/photograph.png"]
subprocess.run([sys.executable, "-m", "digits", *arguments], check=True)
picture.unlink()
