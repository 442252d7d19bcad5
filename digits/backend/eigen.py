"""Make Eigen, which multiplies TensorFlow's matrices, use the same blocks on every processor.

Eigen adds up a product in blocks that fit the processor's caches, so the last bits depend on the
sizes of the caches. Eigen reads them once. Eigen::setCpuCacheSizes sets others, but TensorFlow does
not export it, so they are written to where Eigen stores them. The library's symbol table says where
(System V Application Binary Interface, chapter 4: object files).
"""

import ctypes
from pathlib import Path

import numpy as np

CACHES = (32 << 10, 1 << 20, 32 << 20)
"""Bytes of the first, second and third cache. These cost no speed on processors with others."""
LIBRARY = "libtensorflow_cc.so.2"
SIZES = b"ZN5Eigen8internal20manage_caching_sizesENS_6ActionEPlS2_S2_E12m_cacheSizes"

SECTION = np.dtype("u4, u4, u8, u8, u8, u8, u4, u4, u8, u8")
SECTION.names = ("name", "type", "flags", "address", "offset", "size", "link", "info", "by", "each")
SYMBOL = np.dtype("u4, u1, u1, u2, u8, u8")
SYMBOL.names = ("name", "info", "other", "section", "value", "size")
SYMBOL_TABLE, ZEROED = 2, 8


def pin_caches(package: Path) -> bool:
    """Write `CACHES` to TensorFlow's library in memory, loaded from the folder `package`; on Linux.

    Returns False, with nothing written, if the library cannot be read or lacks the symbols.
    """
    # The second is C++'s guard of the first: unset, Eigen would read the sizes again.
    values = {b"_Z" + SIZES: np.array(CACHES).tobytes(), b"_ZGV" + SIZES: b"\1"}
    places = {}
    try:
        elf = np.memmap(package / LIBRARY, mode="r")
        first, count = int(elf[40:48].view("u8")[0]), int(elf[60:62].view("u2")[0])
        sections = elf[first:][: count * SECTION.itemsize].view(SECTION)
        table = sections[sections["type"] == SYMBOL_TABLE][0]
        symbols = elf[table["offset"] :][: table["size"]].view(SYMBOL)
        names = elf[sections[table["link"]]["offset"] :]
        start = ctypes.c_size_t.from_address(ctypes.CDLL(str(package / LIBRARY))._handle).value
        zeroed = np.isin(symbols["section"], np.flatnonzero(sections["type"] == ZEROED))
        for symbol in symbols[zeroed & np.isin(symbols["size"], (8, 24))]:
            name = bytes(names[symbol["name"] :][:100]).partition(b"\0")[0]
            if name in values:
                places[name] = start + int(symbol["value"])
        writes = [(places[name], value, len(value)) for name, value in values.items()]
    except (OSError, LookupError, ValueError):
        return False
    for write in writes:
        ctypes.memmove(*write)
    return True
