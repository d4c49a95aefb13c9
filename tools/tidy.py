#!/usr/bin/env python3
"""Checks the rules that a compiler does not: layers, pure domains, lengths, words, format.

    tools/tidy.py [ROOT]      prints one line per finding; exit 1 if there is any
"""
import pathlib
import re
import shutil
import subprocess
import sys

LINES_MAX = 600
INCLUDE = re.compile(r'^\s*#include\s+["<]([^">]+)[">]', re.M)
IMPURE = re.compile(
    r'#include\s+[<"](sqlite3|libpq|librdkafka|grpcpp|spdlog|thread|mutex|prometheus|absl/synchronization)|'
    r'absl::Now\(|system_clock|LogEvent\(')
IDENTITY_CODE = re.compile(
    r'\b(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])[0-9]{2}[-+A-FU-Y][0-8][0-9]{2}[0-9A-FHJ-NPR-Y]\b')
UNDONE = re.compile(r'\b(TODO|FIXME|XXX)\b')
BANNED_FILE = re.compile(r'(manager|helper|utils?|impl)\.(h|cc)$')
TEXT = {'.cc', '.h', '.proto', '.py', '.md', '.yaml', '.sql', '.cmake', '.txt', ''}


def layers(root):
    """The table of libs/README.md: folder -> folders that it may include."""
    table = {}
    for line in (root / 'libs/README.md').read_text().splitlines():
        row = re.match(r'\| (\w+) \| ([\w ]*)\|', line)
        if row and row[1] != 'folder':
            table[row[1]] = set(row[2].split())
    return table


def library_findings(root, path, text, table):
    folder = path.parts[1]
    is_test = path.name.endswith('_test.cc') or 'conformance' in path.parts or 'testing' in path.parts
    for included in INCLUDE.findall(text):
        parts = included.split('/')
        if parts[0] == 'services':
            yield f'{path}: a library includes {included}'
        if parts[0] != 'libs' or len(parts) < 3 or parts[1] == folder:
            continue
        if is_test or parts[1] in table.get(folder, set()):
            continue
        yield f'{path}: libs/{folder} may not include {included} (libs/README.md)'
    if 'librdkafka/' in text and not str(path).startswith('libs/bus/kafka/'):
        yield f'{path}: librdkafka is included outside libs/bus/kafka'


def service_findings(path, text):
    service = path.parts[1]
    if service != 'all-in-one':
        for included in INCLUDE.findall(text):
            parts = included.split('/')
            if parts[0] == 'services' and parts[1] != service:
                yield f'{path}: a service includes another: {included}'
    if 'domain' in path.parts and not path.name.endswith('_test.cc'):
        found = IMPURE.search(text)
        if found:
            yield f'{path}: domain code is not pure: {found[0]}'


def findings(root, files):
    table = layers(root)
    for folder in sorted(p.name for p in (root / 'libs').iterdir() if (p / 'CMakeLists.txt').exists()):
        if folder not in table:
            yield f'libs/README.md: no row for {folder}'
    for path in files:
        full = root / path
        if path.suffix not in TEXT or not full.is_file():
            continue
        text = full.read_text(errors='replace')
        if path.suffix in ('.cc', '.h'):
            lines = text.count('\n')
            if lines > LINES_MAX:
                yield f'{path}: {lines} lines, more than {LINES_MAX}'
            if BANNED_FILE.search(path.name):
                yield f'{path}: a file is named by its duty'
            if 'absl::Now()' in re.sub(r'//.*', '', text) and str(path) != 'libs/base/clock.cc':
                yield f'{path}: the clock is read outside libs/base/clock.cc'
            if path.parts[0] == 'libs':
                yield from library_findings(root, path, text, table)
            if path.parts[0] == 'services':
                yield from service_findings(path, text)
        if str(path) != 'tools/tidy.py' and UNDONE.search(text):
            yield f'{path}: something is left undone: {UNDONE.search(text)[0]}'
        if IDENTITY_CODE.search(text):
            yield f'{path}: looks like an identity code outside the test range 900-999'


def format_findings(root, files):
    formatter = shutil.which('clang-format-14')
    sources = [str(p) for p in files if p.suffix in ('.cc', '.h') and (root / p).is_file()]
    if formatter is None:
        yield 'clang-format-14 is not installed: run tools/dev setup'
        return
    if not sources:
        return
    run = subprocess.run([formatter, '--dry-run', '-Werror', *sources], cwd=root, capture_output=True, text=True)
    for line in run.stderr.splitlines():
        if 'error:' in line:
            yield f'{line.split(": error")[0]}: not formatted (tools/dev fmt)'


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.').resolve()
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=root, capture_output=True, text=True,
                            check=True).stdout.split('\n')
    files = [pathlib.Path(name) for name in listed if name]
    found = list(findings(root, files)) + list(format_findings(root, files))
    print('\n'.join(found) or f'tidy: {len(files)} files, nothing to mend')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
