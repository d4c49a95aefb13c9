#!/usr/bin/env python3
"""Each rule of tidy.py finds its planted break, and nothing in a clean tree."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402

TABLE = '| folder | may include | what |\n|---|---|---|\n| base | | x |\n| store | base | x |\n'


class TidyTest(unittest.TestCase):
    def found(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'libs').mkdir()
            (root / 'libs/README.md').write_text(TABLE)
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return list(tidy.findings(root, [pathlib.Path(name)]))

    def test_clean(self):
        self.assertEqual(self.found('libs/store/a.cc', '#include "libs/base/clock.h"\n'), [])

    def test_each_rule(self):
        planted = {
            'layer': ('libs/base/a.cc', '#include "libs/store/database.h"\n'),
            'library on service': ('libs/base/a.cc', '#include "services/referral/service.h"\n'),
            'service on service': ('services/referral/a.cc', '#include "services/follow-up/service.h"\n'),
            'impure domain': ('services/referral/domain/a.cc', '#include <grpcpp/grpcpp.h>\n'),
            'log in domain': ('services/referral/domain/a.cc', 'LogEvent(LogLevel::kInfo, "x");\n'),
            'clock': ('libs/store/a.cc', 'absl::Now();\n'),
            'kafka': ('libs/store/a.cc', '#include <librdkafka/rdkafka.h>\n'),
            'long': ('libs/store/a.cc', '\n' * 601),
            'name': ('libs/store/string_utils.h', '\n'),
            'undone': ('libs/store/a.cc', '// FIX' + 'ME later\n'),
            'identity code': ('tests/a.md', '131052' + '-308' + 'T'),
        }
        for rule, (name, text) in planted.items():
            with self.subTest(rule):
                self.assertEqual(len(self.found(name, text)), 1)


if __name__ == '__main__':
    unittest.main()
