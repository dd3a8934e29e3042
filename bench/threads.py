"""One thread for everybody who is compared.

Standard library only, and readable by every Python 3 since 3.6: it runs before anything is
installed or imported, because numerical libraries read these variables once, when they load.
"""

import os

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    # XLA sizes its pools by the first; the flag keeps its matrix products out of them.
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}


def use_one_thread() -> None:
    """Tell every numerical library that this process has one thread."""
    os.environ.update(ONE_THREAD)
