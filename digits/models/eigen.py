"""Have Eigen, which computes TensorFlow's products of matrices, block them alike everywhere.

Eigen adds a product up in blocks that fit the processor's caches, so the last bits depend on their
sizes. It asks the processor for them once. Eigen::setCpuCacheSizes would tell it others, but
TensorFlow does not offer that, so they are written where Eigen keeps them. The symbol tables of
TensorFlow's libraries say where: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.symtab.html.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CACHES = (32 << 10, 1 << 20, 32 << 20)
"""Bytes of the first, second and third cache. Larger ones than the processor has cost no speed."""
LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
SIZES = b"_ZZN5Eigen8internal20manage_caching_sizesENS_6ActionEPlS2_S2_E12m_cacheSizes"
KNOWN = SIZES.replace(b"_ZZ", b"_ZGVZ")
"""C++'s own note that the sizes need not be asked for any more."""

SECTION = np.dtype("u4, u4, u8, u8, u8, u8, u4, u4, u8, u8")
SECTION.names = ("name", "type", "flags", "address", "offset", "size", "link", "info", "by", "each")
SYMBOL = np.dtype("u4, u1, u1, u2, u8, u8")
SYMBOL.names = ("name", "info", "other", "section", "value", "size")
SYMBOL_TABLE, ZEROED = 2, 8


def pin_caches(package: Path) -> bool:
    """Write `CACHES` into the libraries of TensorFlow, imported from the folder `package`.

    Returns False where they cannot be written: on another system than Linux, above all.
    """
    try:
        for path in (package / name for name in LIBRARIES):
            places = dict(symbols(path, {SIZES, KNOWN}))
            start = ctypes.c_size_t.from_address(ctypes.CDLL(str(path))._handle).value
            (ctypes.c_long * 3).from_address(start + places[SIZES])[:] = list(CACHES)
            ctypes.c_byte.from_address(start + places[KNOWN]).value = 1
    except (OSError, LookupError, ValueError):
        return False
    return True


def symbols(path: Path, names: set[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield the address, in the library at `path`, of each zeroed variable of these `names`."""
    elf = np.memmap(path, mode="r")
    first, count = elf[40:48].view("u8")[0], elf[60:62].view("u2")[0]
    sections = elf[first : first + count * SECTION.itemsize].view(SECTION)
    for table in sections[sections["type"] == SYMBOL_TABLE]:
        text = sections[table["link"]]["offset"]
        entries = elf[table["offset"] :][: table["size"]].view(SYMBOL)
        zeroed = np.isin(entries["section"], np.flatnonzero(sections["type"] == ZEROED))
        for entry in entries[zeroed & np.isin(entries["size"], (8, 24))]:
            name = bytes(elf[text + entry["name"] :][: max(map(len, names)) + 1]).split(b"\0")[0]
            if name in names:
                yield name, int(entry["value"])
