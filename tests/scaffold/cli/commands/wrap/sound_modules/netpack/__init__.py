from .rows import RowNet as RowNet
