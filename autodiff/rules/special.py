"""scipy.special's ufuncs. Imported when the first of them is given a Tensor."""

from __future__ import annotations
