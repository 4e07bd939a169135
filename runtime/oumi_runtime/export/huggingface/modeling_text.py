"""The text of the two files that make a user's class one of transformers."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from torch import nn

from oumi_runtime.exceptions import ExportSourceError
from oumi_runtime.export.huggingface.auto_classes import AutoClass
from oumi_runtime.export.source.carrying import CarriedFiles


@dataclass(frozen=True)
class Names:
    """The names of modules and classes, after the name of the user's class."""

    class_name: str
    module: str
    auto: AutoClass

    @property
    def configuration(self) -> str:
        """The module of the configuration."""
        return f"configuration_{self.module}"

    @property
    def modeling(self) -> str:
        """The module of the model."""
        return f"modeling_{self.module}"

    @property
    def config(self) -> str:
        """The class of the configuration."""
        return f"{self.class_name}Config"

    @property
    def model(self) -> str:
        """The class of the model."""
        return f"{self.class_name}{self.auto.head or 'PreTrainedModel'}"

    def auto_map(self) -> dict[str, str]:
        """Returns where transformers finds the classes."""
        model = f"{self.modeling}.{self.model}"
        return {
            "AutoConfig": f"{self.configuration}.{self.config}",
            "AutoModel": model,
            str(self.auto): model,
        }


def configuration_text(names: Names) -> str:
    """Returns the file with the configuration's class."""
    return _CONFIGURATION.substitute(
        class_name=names.class_name, config=names.config, module=names.module
    )


def modeling_text(
    names: Names,
    carried: CarriedFiles,
    model: nn.Module,
    tied: Mapping[str, str],
    main_input: str,
) -> str:
    """Returns the file with the model's class.

    Args:
        names: Its names.
        carried: The files of the user's class.
        model: The model; its forward determines the arguments.
        tied: Names of tensors that are others, with the names that these are saved by.
        main_input: The first input.

    Raises:
        ExportSourceError: Forward takes arguments without names.
    """
    parameters, arguments = _arguments(model)
    generation, source = _GENERATION.get(names.auto, ""), ""
    if names.auto is AutoClass.SEQ2SEQ:
        source = _SOURCE
    return _MODELING.substitute(
        class_name=names.class_name,
        configuration=names.configuration,
        config=names.config,
        carried=carried.main,
        carried_class=carried.class_name,
        model=names.model,
        # In the order of their names, and of their methods.
        imported="GenerationMixin, PreTrainedModel"
        if generation
        else "PreTrainedModel",
        bases="PreTrainedModel, GenerationMixin" if generation else "PreTrainedModel",
        outputs=_OUTPUTS if source else _OUTPUT,
        source=source,
        main_input=main_input,
        tied=repr(dict(tied)),
        parameters=_indented(parameters, 8),
        arguments=_indented(arguments, 12),
        generation=generation,
    )


_CONFIGURATION = Template('''"""The configuration of $class_name for transformers."""

from typing import Any

from transformers import PretrainedConfig


class $config(PretrainedConfig):
    """Holds the arguments of $class_name."""

    model_type = "$module"

    def __init__(
        self, model_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Takes the arguments of $class_name by name."""
        super().__init__(**kwargs)
        self.model_kwargs = dict(model_kwargs or {})
''')

_MODELING = Template('''"""$class_name as a model of transformers."""

from typing import Any

import torch
from transformers import $imported
$outputs

from .$configuration import $config
from .$carried import $carried_class as _Model

$source
class $model($bases):
    """Holds a $class_name, and returns its outputs as transformers does."""

    config_class = $config
    main_input_name = "$main_input"
    _tied_weights_keys = $tied
    _supports_sdpa = True

    def __init__(self, config: $config) -> None:
        """Creates the layers."""
        super().__init__(config)
        # Not on the meta device: tensors that are not saved get their values here.
        with torch.device("cpu"):
            self.model = _Model(**config.model_kwargs)
        saved = self.model.state_dict().keys()
        buffers = self.model.named_buffers()
        self._unsaved = {n: b.clone() for n, b in buffers if n not in saved}
        self.post_init()

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Leaves the layers as their constructors initialize them."""

    def initialize_weights(self) -> None:
        """Restores buffers that are not saved, which transformers does not keep."""
        for name, buffer in self.model.named_buffers():
            if name in self._unsaved:
                buffer.copy_(self._unsaved[name])

    def forward(
        self,
$parameters
        return_dict: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """See $class_name.forward; `loss` comes first if there are labels."""
        outputs = self.model(
$arguments
        )
        loss = {name: outputs[name] for name in ("loss",) if name in outputs}
        found = ModelOutput({**loss, **outputs})
        return tuple(found.values()) if return_dict is False else found
$generation''')

_OUTPUT = "from transformers.utils import ModelOutput"
_OUTPUTS = f"from transformers.modeling_outputs import BaseModelOutput\n{_OUTPUT}"

_SOURCE = '''
class _Source(torch.nn.Module):
    """Keeps the source for `generate`, in place of what an encoder makes of it."""

    def forward(self, input_ids: torch.Tensor, **kwargs: Any) -> BaseModelOutput:
        """Returns the ids, (batch, sequence, 1)."""
        return BaseModelOutput(last_hidden_state=input_ids.unsqueeze(-1))

'''

_GENERATION = {
    AutoClass.CAUSAL_LM: '''
    def prepare_inputs_for_generation(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Gives the model the latest tokens for each token, since it keeps no cache."""
        latest = slice(-self.config.max_tokens, None)
        mask = None if attention_mask is None else attention_mask[:, latest]
        return {"input_ids": input_ids[:, latest], "attention_mask": mask}
''',
    AutoClass.SEQ2SEQ: '''
    def get_encoder(self, modality: str | None = None) -> torch.nn.Module:
        """Returns what `generate` calls once, and keeps the output of."""
        return _Source()

    def prepare_inputs_for_generation(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        encoder_outputs: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Gives the model the source and all of the target for each token."""
        return {
            "input_ids": encoder_outputs.last_hidden_state.squeeze(-1),
            "attention_mask": attention_mask,
            "decoder_input_ids": input_ids,
        }
''',
}


def _arguments(model: nn.Module) -> tuple[list[str], list[str]]:
    """Returns the parameters of forward, and how they are handed on."""
    parameters: list[str] = []
    arguments: list[str] = []
    found = inspect.signature(model.forward).parameters
    required = [p for p in found.values() if p.default is p.empty]
    for each in [*required, *(p for p in found.values() if p not in required)]:
        if each.kind is each.VAR_POSITIONAL or each.name == "return_dict":
            continue
        if each.kind is each.VAR_KEYWORD:
            arguments.append("**kwargs,")
            continue
        if each.kind is each.POSITIONAL_ONLY:
            raise ExportSourceError(
                f"{type(model).__name__}.forward takes {each.name!r} by position only; "
                "let it be given by name"
            )
        default = "" if each.default is each.empty else f" = {_literal(model, each)}"
        parameters.append(f"{each.name}: Any{default},")
        arguments.append(f"{each.name}={each.name},")
    # Those of **kwargs have to be the last.
    return parameters, sorted(arguments, key=lambda each: each.startswith("**"))


def _literal(model: nn.Module, parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is None or isinstance(default, bool | int | float | str):
        return repr(default)
    raise ExportSourceError(
        f"{type(model).__name__}.forward has {default!r} as the default of "
        f"{parameter.name!r}; make it None, a number, a text or a truth value"
    )


def _indented(lines: list[str], width: int) -> str:
    return "\n".join(f"{' ' * width}{line}" for line in lines)
