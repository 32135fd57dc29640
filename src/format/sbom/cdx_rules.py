#!/usr/bin/env python3
"""Turns the rules of CycloneDX into C tables: cdx_rules.py OUT cdx_json.rules cdx_words.rules (form: see the former)."""
import re
import sys

VERSIONS = ['1.4', '1.5', '1.6', '1.7']
ALL = 15


def mask(text):
    """"1.5-1.6" → bits of the versions."""
    if not text:
        return ALL
    first, last = text.split('-')
    i = VERSIONS.index(first) if first else 0
    j = VERSIONS.index(last) if last else 3
    return sum(1 << k for k in range(i, j + 1))


def lines_of(path):
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip()
            if line and not line.startswith('#'):
                yield f'{path}:{number}', line


class Rules:
    def __init__(self):
        self.types, self.enums, self.formats = {}, {}, []
        self.values, self.alternatives = {}, []
        self.rows = []

    def read_types(self, path):
        current = None
        for at, line in lines_of(path):
            head = re.fullmatch(r'type (\S+)(?: (\S+))?', line)
            if head:
                current = {'name': head[1], 'versions': mask(head[2]), 'open': 0, 'members': [], 'asks': []}
                if head[1] in self.types:
                    sys.exit(f'{at}: again')
                self.types[head[1]] = current
            elif re.match(r'  open', line):
                current['open'] = mask(line.split()[1] if len(line.split()) > 1 else '')
            elif line.startswith('  = '):
                words = line[4:].split()
                versions = ALL
                if words[-1].startswith('@'):
                    versions = mask(words.pop()[1:])
                current['asks'].append((words[0], versions, words[1:]))
            else:
                m = re.fullmatch(r'  ([ !])(\S+)\s+(\S+)(?:\s+(\S+))?', line)
                if not m:
                    sys.exit(f'{at}: not understood')
                current['members'].append((m[2], m[1] == '!', m[3], mask(m[4])))

    def read_words(self, path):
        current = None
        for at, line in lines_of(path):
            head = re.fullmatch(r'enum (\S+)', line)
            if head:
                current = self.enums[head[1]] = []
                continue
            m = re.fullmatch(r'  (?:(\S*-\S*) : )?(.*)', line)
            if not m or current is None:
                sys.exit(f'{at}: not understood')
            for word in m[2].split():
                current.append((word.replace('\\_', ' '), mask(m[1])))

    def bounds(self, text, unbounded):
        m = re.fullmatch(r'(?:\+(\d+))?(?:-(\d+))?', text)
        if not m:
            sys.exit(f'bounds "{text}"')
        return int(m[1]) if m[1] else -unbounded, int(m[2]) if m[2] else unbounded

    def value(self, text):
        """Index of a value; its row is (kind, a, n, min, max, unique)."""
        if text in self.values:
            return self.values[text]
        split = self.split(text)
        if len(split) > 1:
            kind = 'ONE_OF' if '^' in text else 'ANY_OF'
            parts = [self.value(p) for p in split]
            row = (kind, len(self.alternatives), len(parts), 0, 0, 0)
            self.alternatives += parts
        else:
            row = self.simple(text)
        self.values[text] = len(self.rows)
        self.rows.append(row)
        return self.values[text]

    @staticmethod
    def split(text):
        depth, parts, part = 0, [], ''
        for c in text:
            depth += (c == '[') - (c == ']')
            if c in '|^' and depth == 0:
                parts.append(part)
                part = ''
            else:
                part += c
        return parts + [part]

    def simple(self, text):
        big = 2 ** 31 - 1
        if text.startswith('['):
            inner, rest = text[1:].rsplit(']', 1)
            unique = rest.startswith('u')
            low, high = self.bounds(rest[unique:], big)
            return ('ARRAY', self.value(inner), 0, max(low, 0), high, int(unique))
        m = re.fullmatch(r'(str|int|num)([-+\d]*)', text)
        if m:
            low, high = self.bounds(m[2], big)
            return (m[1].upper(), 0, 0, low, high, 0)
        if text in ('any', 'bool'):
            return (text.upper(), 0, 0, 0, 0, 0)
        if text.startswith('const:'):
            name = 'const ' + text[6:]
            self.enums[name] = [(text[6:], ALL)]
            return ('ENUM', list(self.enums).index(name), 0, 0, 0, 0)
        if text.startswith('enum:'):
            return ('ENUM', list(self.enums).index(text[5:]), 0, 0, 0, 0)
        if text in self.types:
            return ('OBJECT', list(self.types).index(text), 0, 0, 0, 0)
        name = text.removeprefix('re:')
        if name not in self.formats:
            self.formats.append(name)
        return ('FORMAT', name, 0, 0, 0, 0)


def c_string(s):
    return '"' + s.replace('\\', '\\\\').replace('"', '\\"') + '"'


def write_types(r, out):
    members, asks, types = [], [], []
    for t in r.types.values():
        keys = []
        first, first_ask = len(members), len(asks)
        for key, required, value, versions in t['members']:
            if key not in keys:
                keys.append(key)
            members.append(f'{{{c_string(key)}, {r.value(value)}, {versions & t["versions"]}, {int(required)}, '
                           f'{keys.index(key)}}}')
        for kind, versions, sets in t['asks']:
            bits = [sum(1 << keys.index(k) for k in s.split('+')) for s in sets]
            bits += [0] * (4 - len(bits))
            asks.append(f'{{CDX_ASK_{kind.upper()}, {versions}, {len(sets)}, '
                        f'{{{", ".join(f"UINT64_C({b})" for b in bits)}}}}}')
        types.append(f'{{{c_string(t["name"])}, {first}, {len(members) - first}, {first_ask}, {len(asks) - first_ask}, '
                     f'{t["open"]}}}')
    out.append('const struct cdx_member cdx_members[] = {\n    ' + ',\n    '.join(members) + ',\n};')
    out.append('const struct cdx_ask cdx_asks[] = {\n    ' + ',\n    '.join(asks) + ',\n};')
    out.append('const struct cdx_type cdx_types[] = {\n    ' + ',\n    '.join(types) + ',\n};')


def write_values(r, out):
    rows = []
    for kind, a, n, low, high, unique in r.rows:
        a = 'CDX_IS_' + a.upper().replace('-', '_') if kind == 'FORMAT' else a
        rows.append(f'{{CDX_V_{kind}, {unique}, {a}, {n}, {low}, {high}}}')
    out.append('const struct cdx_value cdx_values[] = {\n    ' + ',\n    '.join(rows) + ',\n};')
    out.append('const uint16_t cdx_alternatives[] = {' + ', '.join(map(str, r.alternatives)) + '};')


def write_words(r, out):
    words, enums = [], []
    for name, items in r.enums.items():
        enums.append(f'{{{len(words)}, {len(items)}}}')
        words += [f'{{{c_string(w)}, {v}}}' for w, v in items]
    out.append('const struct cdx_word cdx_words[] = {\n    ' + ',\n    '.join(words) + ',\n};')
    out.append('const struct cdx_enum cdx_enums[] = {\n    ' + ',\n    '.join(enums) + ',\n};')


def main():
    r = Rules()
    r.read_words(sys.argv[3])
    r.read_types(sys.argv[2])
    out = ['#include "format/sbom/cdx_rules.h"']
    write_types(r, out)
    write_values(r, out)
    write_words(r, out)
    with open(sys.argv[1], 'w', encoding='utf-8') as f:
        f.write('\n\n'.join(out) + '\n')
    if len(sys.argv) > 4:
        print(r.formats)


main()
