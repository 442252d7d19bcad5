"""Which of the user's settings may come in: the variables of the environment that are named here.

The libraries heed hundreds more, each in its own way. A stage or command removes these before it
imports one, so that they can neither change a result nor stop a run.
"""

import os
import re
import sys
import warnings

ALLOWED = re.compile(
    r"PATH|LD_\w+|DYLD_\w+|VIRTUAL_ENV"  # where programs and libraries are
    r"|PYTHON(PATH|HOME|UTF8|NOUSERSITE|USERBASE|DONTWRITEBYTECODE|PYCACHEPREFIX|UNBUFFERED)"
    r"|NIX_\w+|LOCALE_ARCHIVE|HOME|USER(NAME)?|LOGNAME|SHELL|PWD|XDG_\w+|TMPDIR|TEMP|TMP|TZ"
    r"|LANG|LANGUAGE|LC_\w+|TERM|COLUMNS|LINES|NO_COLOR|COLORTERM"
    r"|\w+_PROXY|SSL_CERT_\w+|(REQUESTS|CURL)_CA_BUNDLE|NETRC"  # the network
    r"|PIP_((EXTRA_)?INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|PROXY|(CLIENT_)?CERT|CONFIG_FILE"
    r"|CACHE_DIR|KEYRING_PROVIDER|USE_(FEATURE|DEPRECATED))"
    r"|PYTHON_KEYRING_BACKEND|DBUS_SESSION_BUS_ADDRESS"
    r"|(DVC|GIT|SSH|AWS|AZURE|GOOGLE)_\w+"
    r"|(OMP|MKL)_NUM_THREADS|KMP_DUPLICATE_LIB_OK|TF_CPP_MIN_LOG_LEVEL"  # change no result
    r"|TF_CONFIG|CUDA_VISIBLE_DEVICES"  # where the workers of a training are, and its GPU
    r"|SYSTEM(DRIVE|ROOT)|WINDIR|COMSPEC|PATHEXT|(LOCAL)?APPDATA|(COMMON)?PROGRAM[\w()]+"
    r"|USERPROFILE|HOME\w+"
    r"|NUMBER_OF_PROCESSORS|PROCESSOR_\w+",  # Windows
    re.IGNORECASE,
)


def restrict() -> None:
    """Remove what is not allowed from this process's environment, and so from its children's.

    numpy's products are small here: a second thread would wait for most of the time, at full load.
    Where PYTHONWARNINGS or -W say how warnings are taken, none is shown: none shall end a run.
    """
    for name in list(os.environ):
        if not ALLOWED.fullmatch(name):
            del os.environ[name]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if sys.warnoptions:
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
