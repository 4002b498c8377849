# SPDX-License-Identifier: GPL-3.0-or-later
"""An ELF file with nothing but a symbol table, made from /proc/kallsyms.

    python3 tests/rigs/symbols.py KALLSYMS OUTPUT

With nokaslr every boot of a kernel has the same addresses, so one boot gives
the symbols for all. gdb reads the result as it would read vmlinux; sections
are SHT_NOBITS, so memory is always read from the target. (System V ABI, ELF-64)
"""
import pathlib
import re
import struct
import sys

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_SHDR = struct.Struct("<IIQQQQIIQQ")
_SYM = struct.Struct("<IBBHQQ")

_SHT_SYMTAB, _SHT_STRTAB, _SHT_NOBITS = 2, 3, 8
_SHF_WRITE, _SHF_ALLOC, _SHF_EXEC = 1, 2, 4
_SHN_ABS = 0xfff1
_FUNC, _OBJECT = 2, 1


def parse_kallsyms(text):
    """[(address, type letter, name)] of the kernel itself, modules left out, by address."""
    rows = re.findall(r"^([0-9a-f]+) (\S) (\S+)$", text, re.M)
    return sorted((int(a, 16), t, n) for a, t, n in rows if not n.startswith("$"))


def _regions(symbols):
    """The sections the linker script bounds by symbols: (name, start, end, flags)."""
    at = {n: a for a, _, n in symbols}
    bounds = ((".text", "_text", "_etext", _SHF_ALLOC | _SHF_EXEC),
              (".rodata", "__start_rodata", "__end_rodata", _SHF_ALLOC),
              (".data", "_sdata", "_edata", _SHF_ALLOC | _SHF_WRITE),
              (".orc_unwind", "__start_orc_unwind_ip", "orc_lookup_end", _SHF_ALLOC),
              (".init.text", "_sinittext", "_einittext", _SHF_ALLOC | _SHF_EXEC),
              (".init.data", "__init_begin", "__init_end", _SHF_ALLOC | _SHF_WRITE),
              (".bss", "__bss_start", "_end", _SHF_ALLOC | _SHF_WRITE))
    out = []
    for name, start, end, flags in bounds:
        if start in at and end in at and at[start] < at[end]:
            out.append((name, at[start], at[end], flags))
    # .init.data encloses .init.text in the symbols: keep what follows it.
    init_text = next((r for r in out if r[0] == ".init.text"), None)
    if init_text:
        out = [(n, max(s, init_text[2]), e, f) if n == ".init.data" else (n, s, e, f)
               for n, s, e, f in out]
    return [r for r in out if r[1] < r[2]]


def write_elf(path, kallsyms):
    symbols = parse_kallsyms(kallsyms)
    if not any(a for a, _, _ in symbols):
        raise ValueError("kallsyms shows no addresses: kptr_restrict?")
    regions = _regions(symbols)

    strtab, table = bytearray(b"\0"), [_SYM.pack(0, 0, 0, 0, 0, 0)]
    for i, (address, letter, name) in enumerate(symbols):
        section = next((n for n, r in enumerate(regions, 1) if r[1] <= address < r[2]), _SHN_ABS)
        kind = _FUNC if letter in "tTwW" else _OBJECT
        # A function ends where the next symbol starts: `bt` and `finish` need its extent.
        size = 0
        if kind == _FUNC:
            following = next((a for a, _, _ in symbols[i + 1:i + 50] if a > address), address)
            size = min(following - address, 0x100000)
        bind = 1 if letter.isupper() else 0
        table.append((bind, _SYM.pack(len(strtab), bind << 4 | kind, 0, section, address, size)))
        strtab += name.encode() + b"\0"
    # Local symbols come first, and sh_info says how many.
    local = [s for b, s in table[1:] if not b]
    symtab = table[0] + b"".join(local) + b"".join(s for b, s in table[1:] if b)

    names = bytearray(b"\0")

    def name_of(text):
        names.extend(text.encode() + b"\0")
        return len(names) - len(text) - 1

    headers = [_SHDR.pack(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    for name, start, end, flags in regions:
        headers.append(_SHDR.pack(name_of(name), _SHT_NOBITS, flags, start, _EHDR.size,
                                  end - start, 0, 0, 16, 0))
    offset = _EHDR.size
    strtab_index = len(headers) + 1
    headers.append(_SHDR.pack(name_of(".symtab"), _SHT_SYMTAB, 0, 0, offset, len(symtab),
                              strtab_index, len(local) + 1, 8, _SYM.size))
    offset += len(symtab)
    headers.append(_SHDR.pack(name_of(".strtab"), _SHT_STRTAB, 0, 0, offset, len(strtab),
                              0, 0, 1, 0))
    offset += len(strtab)
    own_name = name_of(".shstrtab")
    headers.append(_SHDR.pack(own_name, _SHT_STRTAB, 0, 0, offset, len(names), 0, 0, 1, 0))
    offset += len(names)

    ident = b"\x7fELF\2\1\1" + bytes(9)
    entry = next((a for a, _, n in symbols if n == "startup_64"), 0)
    header = _EHDR.pack(ident, 2, 62, 1, entry, 0, offset, 0, _EHDR.size, 0, 0, _SHDR.size,
                        len(headers), len(headers) - 1)
    pathlib.Path(path).write_bytes(header + symtab + strtab + names + b"".join(headers))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: symbols.py KALLSYMS OUTPUT")
    write_elf(sys.argv[2], pathlib.Path(sys.argv[1]).read_text())
