"""From specs to plans: what composes all that is below."""
