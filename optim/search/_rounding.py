"""What floating-point numbers can tell apart."""

from __future__ import annotations

import numpy as np

EPS = float(np.finfo(float).eps)  # the relative distance of neighbouring numbers
TINY = float(np.finfo(float).tiny)  # numbers below it have lost digits
FINEST = 1e-15  # the relative tolerance that 0 stands for: a few units in the last digit
