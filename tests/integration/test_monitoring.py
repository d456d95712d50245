"""etc/prometheus and etc/grafana: rules and expressions that Prometheus understands, of metrics that
the daemon has."""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import certificates, configuration
from harness.admin import Admin
from harness.case import DaemonTest
from harness.connection import SECURE
from harness.deadline import wait_until
from harness.tools import REPOSITORY, require

RULES = REPOSITORY / 'etc/prometheus/wsrelayd.rules.yml'
DASHBOARD = REPOSITORY / 'etc/grafana/wsrelayd.json'
SUFFIXES = {'histogram': ('_bucket', '_count', '_sum')}

# What Prometheus itself adds.
LABELS_OF_A_TARGET = {'instance', 'job'}


def promtool(*arguments):
    """Exit status and all output."""
    result = subprocess.run([require('promtool'), *map(str, arguments)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    return result.returncode, result.stdout


def panels():
    return json.loads(DASHBOARD.read_text(encoding='utf-8'))['panels']


class RulesTest(unittest.TestCase):
    """The alerts."""

    def test_prometheus_accepts_them(self):
        status, output = promtool('check', 'rules', RULES)
        self.assertEqual(status, 0, output)

    def test_each_fires_when_it_should(self):
        status, output = promtool('test', 'rules', REPOSITORY / 'tests/prometheus.test.yml')
        self.assertEqual(status, 0, output)

    def test_each_has_a_test(self):
        alerts = re.findall(r'alert: (\w+)', RULES.read_text(encoding='utf-8'))
        tested = (REPOSITORY / 'tests/prometheus.test.yml').read_text(encoding='utf-8')
        self.assertTrue(alerts)
        for alert in alerts:
            self.assertIn(f'alertname="{alert}"', tested)


class DashboardTest(unittest.TestCase):
    """The dashboard of Grafana."""

    def test_prometheus_understands_every_expression(self):
        expressions = [target['expr'] for panel in panels() for target in panel['targets']]
        rules = [{'record': f'expression:{index}', 'expr': text.replace('$__rate_interval', '5m')}
                 for index, text in enumerate(expressions)]
        with tempfile.TemporaryDirectory(prefix='wsrelayd-test-') as directory:
            path = Path(directory) / 'rules.yml'
            path.write_text(json.dumps({'groups': [{'name': 'dashboard', 'rules': rules}]}),
                            encoding='utf-8')
            status, output = promtool('check', 'rules', path)
        self.assertEqual(status, 0, output)

    def test_panels_do_not_overlap(self):
        cells = [(x, y) for place in (panel['gridPos'] for panel in panels())
                 for x in range(place['x'], place['x'] + place['w'])
                 for y in range(place['y'], place['y'] + place['h'])]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertEqual(len({panel['id'] for panel in panels()}), len(panels()))


class NamesTest(DaemonTest):
    """What is asked for and what a daemon, or Prometheus of it, tells."""

    def scrape(self):
        """All metrics with their labels: of a daemon on which a bit of everything has happened."""
        path = certificates.directory() / 'monitoring.sock'
        self.start_with(admin={'address': f'unix:{path}'}, listeners=[
            configuration.PLAIN, configuration.tls_listener([certificates.get('localhost')])])
        self.client(mode=SECURE).close_orderly()
        admin = Admin(str(path))
        wait_until(lambda: 'wsrelayd_closes_total{' in admin.get('/metrics').text, 'the close to count')
        text = admin.get('/metrics').text
        metrics = {name + suffix: set() for name, kind in re.findall(r'(?m)^# TYPE (\S+) (\S+)$', text)
                   for suffix in SUFFIXES.get(kind, ('',))}
        for name, labels in re.findall(r'(?m)^(\w+)\{(.*)\} ', text):
            metrics[name].update(re.findall(r'(\w+)="', labels))
        return {**metrics, 'up': set()}

    def expressions(self):
        """Pairs of an expression and the labels that its text for people names."""
        for panel in panels():
            for target in panel['targets']:
                yield target['expr'], re.findall(r'{{(\w+)}}', target['legendFormat'])
        for rule in RULES.read_text(encoding='utf-8').split('- alert: ')[1:]:
            expression = re.search(r'expr:(.*?)\n +(?:for|labels):', rule, re.S)[1]
            yield expression, re.findall(r'\$labels\.(\w+)', rule)

    def test_every_metric_and_label_exists(self):
        metrics = self.scrape()
        count = 0
        for expression, shown in self.expressions():
            with self.subTest(expression):
                names = re.findall(r'\b(?:(?:wsrelayd|process)_\w+|up\b)', expression)
                self.assertTrue(names)
                self.assertEqual([name for name in names if name not in metrics], [])
                grouped = re.findall(r'\w+', ' '.join(re.findall(r'(?:by|on) \((.*?)\)', expression)))
                matched = re.findall(r'(\w+)(?:=|!=)~?"', expression)
                there = LABELS_OF_A_TARGET.union(*(metrics[name] for name in names))
                self.assertEqual({*grouped, *matched, *shown} - there, set())
                count += 1
        self.assertGreater(count, len(panels()))

    def test_dashboards_find_their_instances(self):
        queries = [variable['query'] for variable in
                   json.loads(DASHBOARD.read_text(encoding='utf-8'))['templating']['list']]
        self.assertEqual(queries, ['prometheus', 'label_values(wsrelayd_build_info, instance)'])
        self.assertIn('wsrelayd_build_info', self.scrape())


if __name__ == '__main__':
    unittest.main()
