#!/usr/bin/env python3
"""Compares calendar and identity code with packages that others wrote: PyPI `holidays`, `python-stdnum`, zoneinfo.

    oracle_test.py FOLDER_OF_PROGRAMS      by a Python that has the packages: PYTHON_FOR_TESTS
"""
import datetime
import os
import random
import subprocess
import sys
import unittest
import zoneinfo

NOT_RUN = 77
FIRST, LAST = 2015, 2040
EVES = ('Midsummer Eve', 'Christmas Eve')  # Off in offices by practice; no public holidays.
ENDINGS = '0123456789ABCDEFHJKLMNPRSTUVWXY'
CENTURIES = {'+': 1800, **dict.fromkeys('-YXWVU', 1900), **dict.fromkeys('ABCDEF', 2000)}


def tables(*arguments, given=''):
    program = os.path.join(sys.argv[1], 'polku-oracle-tables')
    return subprocess.run([program, *arguments], input=given, capture_output=True, text=True, check=True).stdout.split('\n')[:-1]


class Days(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.days = {}
        for line in tables('days', str(FIRST), str(LAST)):
            day, *told = line.split()
            cls.days[datetime.date.fromisoformat(day)] = {name: int(value) for name, value in (one.split('=') for one in told)}
        cls.off = holidays.Finland(years=range(FIRST, LAST + 1), language='en_US')

    def test_every_day_of_every_year_is_there(self):
        self.assertEqual(len(self.days), (datetime.date(LAST + 1, 1, 1) - datetime.date(FIRST, 1, 1)).days)

    def test_offices_are_closed_at_weekends_on_holidays_and_on_both_eves(self):
        for day, told in self.days.items():
            self.assertEqual(told['office'], int(day.weekday() < 5 and day not in self.off), day)

    def test_benefit_is_paid_from_monday_to_saturday_but_on_holidays_and_on_eves(self):
        public = {day for day, name in self.off.items() if not any(eve in name for eve in EVES)}
        for day, told in self.days.items():
            self.assertEqual(told['benefit'], int(day.weekday() < 6 and day not in public), day)

    def test_days_begin_at_midnight_in_helsinki_also_in_the_nights_of_the_change(self):
        helsinki = zoneinfo.ZoneInfo('Europe/Helsinki')
        changes = 0
        for day, told in self.days.items():
            start = datetime.datetime(day.year, day.month, day.day, tzinfo=helsinki).timestamp()
            self.assertEqual(told['start'], start, day)
            following = self.days.get(day + datetime.timedelta(days=1))
            changes += following is not None and following['start'] - told['start'] != 24 * 3600
        self.assertEqual(changes, 2 * (LAST - FIRST + 1))


class Codes(unittest.TestCase):
    """Individual numbers from 900 to 999 only: nobody has them."""

    def code(self, random_numbers, ending=None):
        number = f'{random_numbers.randrange(0, 33):02}{random_numbers.randrange(0, 14):02}{random_numbers.randrange(100):02}'
        individual = f'{random_numbers.randrange(900, 1000)}'
        right = ENDINGS[int(number + individual) % 31]
        sign = random_numbers.choice(list(CENTURIES))
        return f'{number}{sign}{individual}{ending or right}'

    def test_are_taken_and_refused_as_the_package_does(self):
        numbers = random.Random(1)
        codes = [self.code(numbers) for _ in range(20000)] + [self.code(numbers, numbers.choice(ENDINGS)) for _ in range(20000)]
        taken = 0
        for code, line in zip(codes, tables('codes', given='\n'.join(codes) + '\n'), strict=True):
            told = line.split()[1]
            self.assertEqual(told != 'refused', hetu.is_valid(code, allow_temporary=True), code)
            taken += told != 'refused'
            if told != 'refused':
                self.assertEqual(told, f'{CENTURIES[code[6]] + int(code[4:6])}-{code[2:4]}-{code[:2]}')
        self.assertGreater(taken, 10000)


if __name__ == '__main__':
    try:
        import holidays
        from stdnum.fi import hetu
    except ImportError as missing:
        python = os.environ.get('PYTHON_FOR_TESTS', os.path.expanduser('~/.cache/polku/clients/bin/python'))
        if os.path.exists(python) and os.path.realpath(python) != os.path.realpath(sys.executable) and 'ORACLE' not in os.environ:
            os.execve(python, [python, *sys.argv], {**os.environ, 'ORACLE': '1'})
        print(f'NOT RUN: {missing} (tools/dev test installs it)')
        sys.exit(1 if 'CI' in os.environ else NOT_RUN)
    unittest.main(argv=sys.argv[:1], verbosity=2)
