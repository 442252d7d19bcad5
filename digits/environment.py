"""Remove the environment variables by which the libraries change results or fail.

A stage or command does this before it imports a library. All other variables stay, so that a stage
can read what its author needs, such as the key of a service.
"""

import os
import re
import sys
import warnings

REMOVED = re.compile(
    r"KERAS_.*|TF2?_(?!CONFIG$).*"
    r"|(TENSORFLOW|XLA|AUTOGRAPH|ABSL|GRPC|JAX|ONEDNN|DNNL|CUBLAS|CUDNN|NVIDIA)_.*"
    r"|(OMP|MKL)_(?!NUM_THREADS$).*|KMP_(?!DUPLICATE_LIB_OK$).*|(GOMP|OPENBLAS|GOTO|BLIS)_.*"
    r"|(MPL|MATPLOTLIB|NPY_|NUMPY_|SCIPY_|PANDAS_|NUMEXPR_|PYDANTIC_|TQDM_|HDF5_|PILLOW_).*"
    r"|PROTOCOL_BUFFERS_.*"
    # Python's and pip's: all but where programs, packages and caches are
    r"|PYTHON(?!(PATH|HOME|UTF8|NOUSERSITE|USERBASE|DONTWRITEBYTECODE|PYCACHEPREFIX|UNBUFFERED"
    r"|_KEYRING_BACKEND)$).*"
    r"|PIP_(?!((EXTRA_)?INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|PROXY|(CLIENT_)?CERT"
    r"|CONFIG_FILE|CACHE_DIR|KEYRING_PROVIDER|USE_(FEATURE|DEPRECATED))$).*"
)


def restrict() -> None:
    """Remove these variables from this process's environment, and so from its children's.

    OpenBLAS gets one thread: the products are small, and a second thread would only wait at full
    load. Where PYTHONWARNINGS or -W turn warnings into errors, all warnings are ignored instead.
    """
    for name in filter(REMOVED.fullmatch, list(os.environ)):
        del os.environ[name]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if sys.warnoptions:
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
