#!/usr/bin/env python3
"""Writes the numbered migrations as C strings: embed.py OUT FILE… (NNN_name.sql, numbers without a gap from 1)."""
import os
import re
import sys

def quote(line):
    out = []
    for byte in line.encode():
        if byte in b'"\\':
            out.append('\\' + chr(byte))
        elif 32 <= byte < 127:
            out.append(chr(byte))
        else:
            out.append('\\%03o' % byte)
    return '"' + ''.join(out) + '\\n"'

def main():
    files = sorted(sys.argv[2:], key=os.path.basename)
    with open(sys.argv[1], 'w') as out:
        out.write('#include "store/internal.h"\n\nconst struct store_migration store_migrations[] = {\n')
        for number, path in enumerate(files, 1):
            match = re.fullmatch(r'(\d{3})_([a-z0-9_]+)\.sql', os.path.basename(path))
            if not match or int(match[1]) != number:
                sys.exit(f'{path}: expected {number:03d}_name.sql')
            with open(path, encoding='utf-8') as text:
                lines = text.read().splitlines()
            out.write(f'    {{"{match[2]}",\n')
            out.write('\n'.join('     ' + quote(line) for line in lines) + '},\n')
        out.write('};\nconst unsigned store_migrations_n = sizeof store_migrations / sizeof *store_migrations;\n')

main()
