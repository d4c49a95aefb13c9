#!/usr/bin/env python3
"""Writes the catalogue of methods and events in proto/README.md from the comments of the .proto files.

    tools/catalogue.py            writes it
    tools/catalogue.py --check    exit 1 when it is out of date
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = '<!-- From here on written by tools/catalogue.py from the comments of the .proto files. -->'
SERVICES = ['referral', 'assessment', 'coordinator_network', 'follow_up']
OPENING = re.compile(r'(message|enum|service|oneof)\s+(\w+)\s*\{')
FIELD = re.compile(r'(repeated\s+|optional\s+)?([\w.]+)\s+(\w+)\s*=\s*\d+\s*;')
RPC = re.compile(r'rpc\s+(\w+)\s*\(\s*(\w+)\s*\)\s+returns\s+\(\s*(stream\s+)?(\w+)\s*\)')


class Block:
    """A message, service, enum or oneof: its comment, its fields and methods, and what is inside."""

    def __init__(self, kind, name, comment):
        self.kind, self.name, self.comment = kind, name, comment
        self.lines = []    # (type, name, comment) of a field; (request, method, comment) of a method.
        self.blocks = []


def parse(path):
    """The top block of a file. Enough of the language for files that clang-format has laid out."""
    top = Block('file', path.name, '')
    stack, comment = [top], []
    for raw in path.read_text().splitlines():
        code, _, remark = raw.strip().partition('//')
        code, remark = code.strip(), remark.strip()
        if not code:
            comment = comment + [remark] if raw.strip().startswith('//') else []
            continue
        above, comment = ' '.join(filter(None, comment)), []
        opening, rpc, field = OPENING.match(code), RPC.match(code), FIELD.match(code)
        if opening:
            block = Block(opening[1], opening[2], above)
            stack[-1].blocks.append(block)
            if not code.endswith('}'):
                stack.append(block)
        elif rpc:
            stack[-1].lines.append((rpc[2], rpc[1], above))
        elif field:
            kind = (field[1] or '').strip()
            told = ' '.join(text for text in (above, remark) if text)
            stack[-1].lines.append((f'{kind} {field[2]}'.strip(), field[3], told))
        if code == '}':
            stack.pop()
    return top


def sent_events(state):
    """Names of what the service decides: the types in the oneof of every message called ...Event."""
    for message in state.blocks:
        if message.name.endswith('Event'):
            for block in message.blocks:
                yield from (kind for kind, _, _ in block.lines if '.' not in kind)


def roles_of(path):
    """Roles of each method by the permission table in a source; a list of roles there may have a name."""
    source = path.read_text()
    named = dict(re.findall(r'std::vector<std::string> (\w+) = (\{[^}]*\});', source))
    rows = re.findall(r'\{(?:MethodOf\()?"(?:polku\.[\w.]+/)?(\w+)"\)?,\s*(\{[^}]*\}|\w+)(?:,\s*(?:\{[^}]*\}|\w+))?\}', source)
    return {method: ', '.join(re.findall(r'"([\w-]+)"', named.get(roles, roles))) for method, roles in rows}


def cell(text):
    return text.replace('|', '\\|')


def methods(service, api, table):
    roles = roles_of(table)
    for block in (b for b in api.blocks if b.kind == 'service'):
        yield f'### Methods of `polku.{service}.v1.{block.name}`\n'
        if block.comment:
            yield f'{block.comment}\n'
        yield '| method | roles | what it does |'
        yield '| --- | --- | --- |'
        for _, method, comment in block.lines:
            comment = re.sub(r'\s*Roles( of [\w ]+)?(:| as) [^.]*\.', '', comment).strip()
            if not roles.get(method):
                sys.exit(f'catalogue: no roles of {method} in the permission table of {table}')
            yield f'| {method} | {roles[method]} | {cell(comment)} |'
        yield ''


def events(service, declared, sent):
    topic = f'polku.{service.replace("_", "-")}.events.v1'
    yield f'### Events on `{topic}`\n'
    for message in (b for b in declared.blocks if b.kind == 'message' and b.name in sent):
        yield f'**{message.name}** {message.comment}\n'
        for kind, name, comment in message.lines:
            yield f'- `{name}` {kind}{": " + comment if comment else ""}'
        yield ''


def catalogue():
    text = [BEGIN, '', '# Catalogue', '',
            'Keys are `clients/C`, or the `coordinators/X` or `sources/S` that the fields name. Numbers and',
            'types: the .proto files.', '']
    for service in SERVICES:
        folder = ROOT / 'proto/polku' / service / 'v1'
        api, declared, state = (parse(folder / name) for name in ('api.proto', 'events.proto', 'state.proto'))
        text += [f'## {service.replace("_", "-")}', '']
        text += methods(service, api, ROOT / 'services' / service.replace('_', '-') / 'service.cc')
        text += events(service, declared, set(sent_events(state)))
    text += ['## every service', '']
    for name in ('operator', 'verify', 'trace', 'audit', 'journal'):
        api = parse(ROOT / f'proto/polku/common/v1/{name}.proto')
        text += methods('common', api, ROOT / f'libs/rpc/{name}_api.cc')
    return '\n'.join(text).rstrip() + '\n'


def main():
    readme = ROOT / 'proto/README.md'
    now = readme.read_text()
    due = now.partition(BEGIN)[0].rstrip() + '\n\n' + catalogue()
    if '--check' in sys.argv[1:]:
        if now != due:
            print('proto/README.md is out of date. Mend it with: tools/dev catalogue')
            return 1
        print('proto/README.md is up to date')
        return 0
    readme.write_text(due)
    return 0


if __name__ == '__main__':
    sys.exit(main())
