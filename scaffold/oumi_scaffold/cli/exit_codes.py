"""The exit codes of every command; an error class carries its own as `exit_code`."""

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
TERMINATED = 143
