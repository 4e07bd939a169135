"""docs/configuration.md says what the sections say, and names what there is."""

import os
import re
from pathlib import Path

from configuration_page import page
from oumi_surface import surface

import oumi_runtime.core.configs as configs
from oumi_runtime.core.configs.unsupported import REFUSED

PAGE = Path(__file__).parents[4] / "docs/configuration.md"


def test_it_is_what_the_sections_say():
    if "UPDATE_GOLDEN" in os.environ:
        PAGE.write_text(page(), encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == page(), "write it by UPDATE_GOLDEN=1"


def test_every_field_of_oumi_is_in_it_as_a_field_or_as_refused():
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    by_title = {part.partition("\n")[0]: part for part in parts}
    for section, fields in surface().items():
        for name in fields:
            if name in REFUSED.get(section, {}):
                assert f"| `{section}.{name}` |" in by_title["Refused fields"]
            elif hasattr(configs, section):
                assert f"\n| `{name}` |" in by_title[section]
