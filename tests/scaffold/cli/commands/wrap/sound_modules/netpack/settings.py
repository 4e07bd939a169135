from dataclasses import dataclass, field


@dataclass
class RowArgs:
    num_features: int
    num_classes: int
    tags: list[str] = field(default_factory=list)
