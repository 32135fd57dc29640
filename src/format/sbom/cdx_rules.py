#!/usr/bin/env python3
"""Turns the rules of CycloneDX into C tables: cdx_rules.py OUT cdx_json.rules cdx_words.rules cdx_xml.rules (forms: see
the first and the last)."""
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
        self.xml = None

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
        if self.xml:  # any text is an xs:anyURI
            text = {'uri': 'str', 'anyType': 'any'}.get(text, text)
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
        m = re.fullmatch(r'n?(str|int|num)([-+\d]*)', text)
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


class Xml:
    """Types of XML elements: attributes, elements, and the tree of particles that says in which order they come."""

    def __init__(self, rules):
        self.rules, self.types, self.index = rules, [], {}
        self.attrs, self.elems, self.parts = [], [], []

    def read(self, path):
        blocks, line_before = [], None
        for at, line in lines_of(path):
            if line.startswith('    \\ '):
                blocks[-1][1][-1] = (line_before, blocks[-1][1][-1][1] + ' ' + line[6:])
            elif line.startswith('xml '):
                words = line.split()
                self.index[words[1]] = len(blocks)
                blocks.append((words[1], [], mask(words[2] if len(words) > 2 else '')))
            else:
                blocks[-1][1].append((at, line[2:]))
                line_before = at
        self.types = [None] * len(blocks)
        for number, (name, lines, versions) in enumerate(blocks):
            self.types[number] = self.one(name, lines, versions)

    def one(self, name, lines, type_versions):
        t = {'name': name, 'attrs': [], 'elems': [], 'text': -1, 'textkey': '', 'flags': [], 'tops': []}
        for at, line in lines:
            m = re.fullmatch(r'(.*?)(?: @([-.\d]+))?', line)
            body, versions = m[1], mask(m[2]) & type_versions
            if body.startswith('= '):
                t['flags'].append(body[2:])
            elif body.startswith('@'):
                m = re.fullmatch(r'@([\w*-]+)(!?) (\S+)(?: >(\S+))?', body)
                if m[1] == '*':
                    continue
                t['attrs'].append((m[1], m[4] or m[1], self.rules.value(m[3]), versions, int(bool(m[2]))))
            elif body.startswith('text ') and ':' not in body.split()[0]:
                words = body.split()
                t['text'] = self.rules.value(words[1])
                t['textkey'] = words[2][1:] if len(words) > 2 else ''
            else:
                t['tops'].append(self.particle(t, Tokens(at, body), versions))
        return self.finish(t)

    def particle(self, t, tokens, versions):
        """(kind, min, many, versions, elem or parts)"""
        word = tokens.take()
        if word == '(':
            parts, kind = [], 'SEQUENCE'
            while tokens.peek() != ')':
                if tokens.peek() == '|':
                    kind = 'CHOICE'
                    tokens.take()
                    continue
                parts.append(self.particle(t, tokens, versions))
            tokens.take()
            low, many = tokens.occurrence()
            return (kind, low, many, versions, parts)
        if word == 'any':
            low, many = tokens.occurrence()
            return ('ANY', low, many, versions, None)
        m = re.fullmatch(r'([\w-]+)(?:>([^:]+))?:', word)
        if not m:
            sys.exit(f'{tokens.at}: "{word}"')
        elem = self.element(m[1], m[2] or '', tokens, versions)
        low, many = tokens.occurrence()
        elem['many'] = many or elem.get('array', 0)
        t['elems'].append(elem)
        return ('ELEMENT', low, many, versions, len(t['elems']) - 1)

    def element(self, name, how, tokens, versions):
        e = {'name': name, 'key': name, 'how': 'MEMBER', 'versions': versions, 'type': -1, 'value': 0, 'many': 0}
        if how == '.':
            e['how'] = 'SELF'
        elif how == '&':
            e['how'] = 'FLAT'
        elif how == '^':
            e['how'] = 'UNWRAP'
        elif how.startswith('{'):
            e['how'], e['key'] = 'KEYED', how[1:-1]
        elif how.endswith('$'):
            e['how'], e['key'] = 'REF', how[:-1]
        elif how.endswith('[]'):
            e['key'], e['array'] = how[:-2], 1
        elif how:
            e['key'] = how
        word = tokens.take()
        if word == '[':
            inner = {'name': name, 'attrs': [], 'elems': [], 'text': -1, 'textkey': '', 'flags': [], 'tops': []}
            parts = []
            while tokens.peek() != ']':
                if tokens.peek() == ',':  # ",any": as many as there are, between the items
                    tokens.take()
                    tokens.take()
                    parts.append(('ANY', 0, 1, versions, None))
                    continue
                parts.append(self.particle(inner, tokens, versions))
            tokens.take()
            low, many = tokens.occurrence()
            inner['tops'].append(('SEQUENCE', low, many, versions, parts))
            self.types.append(self.finish(inner))
            e['type'] = len(self.types) - 1
        elif word in self.index:
            e['type'] = self.index[word]
        else:
            e['value'] = self.rules.value(word)
        return e

    def finish(self, t):
        names = [e['name'] for e in t['elems']]
        for e in t['elems']:
            e['sym'] = names.index(e['name'])
        if t['elems'] and not t['attrs'] and t['text'] < 0 and 'toolbox' not in t['flags']:
            if all(self.repeats(p, False) for p in t['tops'] if p[0] != 'ANY'):
                t['flags'].append('list')
        return t

    def repeats(self, p, inside):
        """Can what the particle holds only be a list? Either one element again and again, or one of several."""
        kind, _, many, _, parts = p
        if kind == 'ELEMENT':
            return bool(many or inside)
        if kind == 'ANY':
            return True
        real = [q for q in parts if q[0] != 'ANY']
        if kind == 'SEQUENCE' and len(real) > 1:
            return False
        return all(self.repeats(q, inside or many) for q in real)

    def flatten(self, first, p):
        """Appends the children of a particle in one run; gives its own row."""
        kind, low, many, versions, parts = p
        if kind == 'ELEMENT':
            return (kind, low, many, versions, first + parts, 0)
        if kind == 'ANY':
            return (kind, low, many, versions, 0, 0)
        rows = [self.flatten(first, q) for q in parts]
        at = len(self.parts)
        self.parts += rows
        return (kind, low, many, versions, at, len(rows))

    def write(self, out):
        rows = []
        for t in self.types:
            attrs, elems = len(self.attrs), len(self.elems)
            self.attrs += [f'{{{c_string(n)}, {c_string(k)}, {v}, {vs}, {r}}}' for n, k, v, vs, r in t['attrs']]
            self.elems += [f'{{{c_string(e["name"])}, {c_string(e["key"])}, {e["type"]}, {e["value"]}, {e["versions"]}, '
                           f'CDX_X_{e["how"]}, {e["many"]}, {e["sym"]}}}' for e in t['elems']]
            root = self.flatten(elems, ('SEQUENCE', 1, 0, ALL, t['tops']))
            self.parts.append(root)
            flags = ' | '.join('CDX_XT_' + f.upper() for f in t['flags']) or '0'
            rows.append(f'{{{c_string(t["name"])}, {attrs}, {len(t["attrs"])}, {elems}, {len(t["elems"])}, '
                        f'{len(self.parts) - 1}, {t["text"]}, {c_string(t["textkey"])}, {flags}}}')
        out.append('const struct cdx_xattr cdx_xattrs[] = {\n    ' + ',\n    '.join(self.attrs) + ',\n};')
        out.append('const struct cdx_xelem cdx_xelems[] = {\n    ' + ',\n    '.join(self.elems) + ',\n};')
        parts = [f'{{CDX_P_{k}, {low}, {many}, {v}, {a}, {n}}}' for k, low, many, v, a, n in self.parts]
        out.append('const struct cdx_xpart cdx_xparts[] = {\n    ' + ',\n    '.join(parts) + ',\n};')
        out.append('const struct cdx_xtype cdx_xtypes[] = {\n    ' + ',\n    '.join(rows) + ',\n};')


class Tokens:
    """Of a line of particles: ( ) | [ ] , element: VALUE and what follows for how often."""

    def __init__(self, at, text):
        self.at = at
        text = re.sub(r':(enum|re):', r':\1;', text)  # one colon, behind the element
        found = re.findall(r'[\w-]+(?:>[^:\s]+)?:|[()\[\]|,]|[?*]|\+(?!\d)|(?:[^\s()\[\],?*+]|\+(?=\d))+', text)
        self.list = [re.sub(r'^(enum|re);', r'\1:', f).replace('|re;', '|re:') for f in found]
        self.i = 0

    def peek(self):
        return self.list[self.i] if self.i < len(self.list) else None

    def take(self):
        self.i += 1
        return self.list[self.i - 1]

    def occurrence(self):
        mark = self.peek()
        if mark not in ('?', '*', '+'):
            return 1, 0
        self.take()
        return (0, 0) if mark == '?' else (0, 1) if mark == '*' else (1, 1)


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
    xml = Xml(r)
    out = ['#include "format/sbom/cdx_rules.h"']
    write_types(r, out)
    r.xml = xml
    xml.read(sys.argv[4])
    xml.write(out)
    write_values(r, out)
    write_words(r, out)
    with open(sys.argv[1], 'w', encoding='utf-8') as f:
        f.write('\n\n'.join(out) + '\n')


main()
