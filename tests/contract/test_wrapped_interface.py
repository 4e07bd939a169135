"""The scaffold and the runtime describe a wrapped module by the same fields."""

from oumi_runtime import wrapping
from oumi_scaffold.wrapping import wrapped


def test_the_interfaces_have_the_same_fields_and_defaults():
    ours, theirs = wrapped.ModuleInterface, wrapping.ModuleInterface
    assert ours._fields == theirs._fields
    assert ours._field_defaults == theirs._field_defaults
