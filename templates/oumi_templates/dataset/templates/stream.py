{% include "head.py" %}

    def iter_raw(self) -> Iterator[Mapping[str, Any]]:
        """Yields the rows of `self.split`, in the same order each time."""
        # Change 1 of 2: how rows are read: from files, a database or a simulation.
        rows = {{ cookiecutter.__source }}(self.split or "train")
        for index in range(len(rows)):
            yield rows[index]
