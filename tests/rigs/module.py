# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules made quick to load where an instruction is dear.

An emulated machine spends half of its boot on checking a module's signature
and on looking up each of its functions for ftrace, with a linear search for
each. A rig needs neither.
"""
import struct

_MARKER = b"~Module signature appended~\n"
# struct module_signature of the kernel: eight bytes, then the length, big-endian.
_SIGNATURE = struct.Struct(">8xI")
# Of an ELF-64 header: e_shoff; e_shentsize, e_shnum, e_shstrndx. (System V ABI)
_SHOFF, _SHCOUNTS = struct.Struct("<40xQ"), struct.Struct("<58xHHH")
# Of a section header: sh_offset, sh_size.
_SECTION = struct.Struct("<24xQQ")


def without_signature(data):
    if not data.endswith(_MARKER):
        return data
    end = len(data) - len(_MARKER) - _SIGNATURE.size
    return data[:end - _SIGNATURE.unpack_from(data, end)[0]]


def without_ftrace(data):
    """Under another name the table of call sites is not found: calls of __fentry__ stay, and return."""
    shoff, = _SHOFF.unpack_from(data)
    entry_size, _, names_index = _SHCOUNTS.unpack_from(data)
    offset, size = _SECTION.unpack_from(data, shoff + names_index * entry_size)
    names = data[offset:offset + size].replace(b"__mcount_loc\0", b"__mcount_off\0")
    return data[:offset] + names + data[offset + size:]


def quick(data):
    return without_ftrace(without_signature(data))
