"""The results of `oumi-scaffold check` in the format that CI systems read."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree


def junit_xml(documents: Sequence[dict[str, Any]]) -> str:
    """Returns the results of `check --json` as JUnit XML."""
    root = ElementTree.Element("testsuites", name="oumi-scaffold check")
    for document in documents:
        name, counts = document.get("model") or document["dataset"], document["counts"]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(document["checks"])),
            failures=str(document["failed"]),
            errors="0",
            skipped=str(counts["not applicable"] + counts["expected failure"]),
            time=str(document["seconds"]),
        )
        for each in document["checks"]:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"{name}.{each['theme']}",
                name=each["name"],
                time=str(each["seconds"]),
            )
            if each["outcome"] == "failed":
                failure = ElementTree.SubElement(case, "failure")
                failure.set("message", each["message"])
                failure.text = each["catches"]
            elif each["outcome"] != "passed":
                ElementTree.SubElement(case, "skipped", message=each["message"])
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
