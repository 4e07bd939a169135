{% include "head.py" %}

    def __init__(self, split: str = "train", **kwargs: Any) -> None:
        """Reads the rows of a split.

        Args:
            split: train, validation or test.
            kwargs: `dataset_path` and the like, as the config gives them.
        """
        super().__init__(split=split, **kwargs)

        # Change 1 of 2: how rows are read: from files, a database or a simulation.
        rows = {{ cookiecutter.__source }}(split)
{% if cookiecutter.__has_classes == "True" %}
        self.label_names = rows.label_names  # class names in the order of their ids
{% endif %}
        self._data = [rows[index] for index in range(len(rows))]
