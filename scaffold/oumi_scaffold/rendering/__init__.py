"""From a template and answers to texts that hold what was asked for."""
