#!/usr/bin/env python3
"""Takes the first chapters of a novel out of the data of the R package janeaustenr, as Debian ships it.

usage: excerpt.py Rdata.rdb > pride-and-prejudice.txt     (Python 3, standard library only)

The file is a row of objects, each: its size when unpacked (4 bytes, big-endian), then zlib data of R's serialization
of a vector of lines. A line is a CHARSXP: 4 bytes of flags that end in type 9, 4 bytes of length, the bytes.
"""
import re
import struct
import sys
import zlib

TITLE, CHAPTERS = "PRIDE AND PREJUDICE", 19


def objects(data):
    place = 0
    while place < len(data):
        unpack = zlib.decompressobj()
        yield unpack.decompress(data[place + 4:])
        place = len(data) - len(unpack.unused_data)


def lines(packed):
    start = re.search(rb"UTF-8\x00\x00\x00\x10", packed).end()
    count, place = struct.unpack(">I", packed[start:start + 4])[0], start + 4
    for _ in range(count):
        length = struct.unpack(">i", packed[place + 4:place + 8])[0]
        yield packed[place + 8:place + 8 + length].decode("utf-8")
        place += 8 + length


for packed in objects(open(sys.argv[1], "rb").read()):
    book = list(lines(packed))
    if book[0] != TITLE:
        continue
    text = "\n".join(line.rstrip() for line in book)
    text = text[text.index("Chapter 1\n"):text.index(f"Chapter {CHAPTERS + 1}\n")]
    text = re.sub(r"\n{3,}", "\n\n", text).replace("--", " - ").replace("_", "")
    sys.stdout.write(text.rstrip() + "\n")
