"""Where in a project the generated files are."""

from typing import NamedTuple


class Layout(NamedTuple):
    """The folders for generated files in the user's project."""

    models: str = "models"
    tests: str = "tests"
    configs: str = "configs"
    data: str = "data"

    @property
    def models_package(self) -> str:
        """The import path of the models folder, from the project's folder."""
        return self.models.replace("/", ".")

    @property
    def data_package(self) -> str:
        """The import path of the folder of dataset classes."""
        return self.data.replace("/", ".")

    @property
    def unusual(self) -> dict[str, str]:
        """The folders that are not the default ones, by what they are for."""
        usual = Layout()._asdict()
        return {k: each for k, each in self._asdict().items() if each != usual[k]}

    def placed(self, path: str) -> str:
        """Returns the path of a template's file in the project.

        Args:
            path: The path in the template, such as `models/my_net.py`.
        """
        folder, slash, rest = path.partition("/")
        places = self._asdict()
        return f"{places.get(folder, folder)}{slash}{rest}" if slash else path
