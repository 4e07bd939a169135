"""RESULTS.md tells of a run that caught enough faults, and excuses the others."""

import re
from pathlib import Path

from report import LEAST_SHARE
from survivors import EXCUSES

from oumi_templates.catalog import TASKS

PAGE = Path(__file__).with_name("RESULTS.md").read_text(encoding="utf-8")


def test_of_the_faults_in_each_task_95_of_100_were_caught():
    rows = re.findall(r"^\| ([\w-]+) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert {task for task, _, _ in rows} == {*TASKS, "all"}
    for _, planted, caught in rows:
        assert int(caught) >= LEAST_SHARE * int(planted)


def test_each_survivor_has_a_reason_of_those_that_are_listed():
    reasons = {excuse.reason for excuse in EXCUSES}
    survivors = re.findall(r"^- `\w+` in .*?: (.*)\.$", PAGE, re.MULTILINE)
    assert survivors
    assert set(survivors) <= reasons
