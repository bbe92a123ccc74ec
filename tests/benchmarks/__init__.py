"""Speed against hand-written NumPy: ``python -m tests.benchmarks [NAME ...]``.

`tasks` says what is computed; each contestant is one module (`by_hand`, `by_chainrule`, …) with a
function of the same name for each task, which prepares the computation and returns the call to be
timed; `timing` lets them take turns.
"""

import os

# BLAS reads its number of threads when NumPy is imported, so this comes first.
THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "2"))
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
