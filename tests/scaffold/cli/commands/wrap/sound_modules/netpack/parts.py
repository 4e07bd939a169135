from itertools import pairwise

from torch import nn


def mlp(widths):
    layers = []
    for one, other in pairwise(widths):
        layers += [nn.Linear(one, other), nn.GELU()]
    return nn.Sequential(*layers[:-1])
