#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How deep the calls of a BPF object go: the kernel's verifier allows eight frames, the program's own included, and 512
bytes of stack in all of them, and says so only when the object is loaded.

usage: bpf-frames.py OBJECT [FRAMES [BYTES]]

Prints each program with a chain of calls beyond FRAMES (8) or BYTES (512), with the longest such chain; exit code 1 if
there is one.
"""
import functools
import struct
import sys

CALL, PSEUDO_CALL = 0x85, 1
EXECUTABLE, SYMTAB, REL, FUNC, SECTION = 4, 2, 9, 2, 3


def sections(elf):
    at, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    rows = [struct.unpack_from("<IIQQQQIIQQ", elf, at + i * size) for i in range(count)]
    return [{"name": text(elf, rows[names][4] + r[0]), "type": r[1], "flags": r[2], "at": r[4], "size": r[5],
             "link": r[6], "info": r[7]} for r in rows]


def text(elf, at):
    return elf[at:elf.index(b"\0", at)].decode()


def symbols(elf, all_sections):
    table = next(s for s in all_sections if s["type"] == SYMTAB)
    names = all_sections[table["link"]]["at"]
    for at in range(table["at"], table["at"] + table["size"], 24):
        name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", elf, at)
        yield {"name": text(elf, names + name), "kind": info & 15, "section": section, "value": value, "size": size}


def stack(elf, base, first, end):
    """Bytes of stack that a function uses, as the verifier rounds them with the JIT on: what it reaches below r10."""
    deepest, copies = 0, set()
    for i in range(first, end):
        code, registers, offset, number = struct.unpack_from("<BBhi", elf, base + 8 * i)
        to, of = registers & 15, registers >> 4
        if code & 7 in (2, 3) and to == 10 or code & 7 == 1 and of == 10:  # a store, a load
            deepest = min(deepest, offset)
        elif code == 0xBF and of == 10:  # r = r10
            copies.add(to)
        elif code == 0x07 and to in copies:  # r += number
            deepest = min(deepest, number)
            copies.discard(to)
    return max(-(deepest // 16) * 16, 16)


def calls(elf):
    """{function: functions it calls}, {function: bytes of stack}, and which of them are programs."""
    all_sections = sections(elf)
    every = list(symbols(elf, all_sections))
    functions = [s for s in every if s["kind"] == FUNC]
    starts = {(s["section"], s["value"] // 8): s["name"] for s in functions}
    moved = {}
    for s in all_sections:
        if s["type"] != REL:
            continue
        for at in range(s["at"], s["at"] + s["size"], 16):
            offset, info = struct.unpack_from("<QQ", elf, at)
            moved[s["info"], offset // 8] = every[info >> 32]
    graph = {s["name"]: set() for s in functions}
    sizes = {}
    for f in functions:
        base = all_sections[f["section"]]["at"]
        first, end = f["value"] // 8, (f["value"] + f["size"]) // 8
        sizes[f["name"]] = stack(elf, base, first, end)
        for i in range(first, end):
            code, registers, _, number = struct.unpack_from("<BBhi", elf, base + 8 * i)
            if code != CALL or registers >> 4 != PSEUDO_CALL:
                continue
            to = moved.get((f["section"], i))
            if to is None:
                name = starts.get((f["section"], i + 1 + number))
            elif to["kind"] == SECTION:
                name = starts.get((to["section"], number + 1))
            else:
                name = to["name"]
            if name in graph:
                graph[f["name"]].add(name)
    programs = [s["name"] for s in functions if all_sections[s["section"]]["name"] != ".text"]
    return graph, sizes, programs


def main():
    with open(sys.argv[1], "rb") as f:
        graph, sizes, programs = calls(f.read())
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 512

    def used(chain):
        return sum(sizes[name] for name in chain)

    @functools.lru_cache(None)
    def longest(name, key):
        return (name,) + max((longest(to, key) for to in sorted(graph[name])), key=key, default=())

    bad = False
    for p in programs or sorted(graph):
        deep, big = longest(p, len), longest(p, used)
        if len(deep) > frames:
            print(f"{len(deep)} frames: {' > '.join(deep)}")
        if used(big) > most:
            print(f"{used(big)} bytes: {' > '.join(f'{name} {sizes[name]}' for name in big)}")
        bad |= len(deep) > frames or used(big) > most
    return 1 if bad or not graph else 0


if __name__ == "__main__":
    sys.exit(main())
