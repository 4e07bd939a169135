"""torch's multi-tensor operations: one call for a list of tensors.

torch.optim and torch.nn.utils use them internally, but torch does not export them.
"""

from torch import (
    _amp_foreach_non_finite_check_and_unscale_ as unscale_,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_add_ as add_,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_copy_ as copy_,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_lerp as lerp,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_lerp_ as lerp_,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_mul_ as mul_,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_norm as norm,  # pyright: ignore[reportPrivateImportUsage]
)
from torch import (
    _foreach_sign_ as sign_,  # pyright: ignore[reportPrivateImportUsage]
)

__all__ = ["add_", "copy_", "lerp", "lerp_", "mul_", "norm", "sign_", "unscale_"]
