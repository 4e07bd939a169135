class _Layer(nn.Module):
    """Pre-norm attention and an MLP, each added to its input."""

    def __init__(
        self, hidden_dim: int, num_heads: int, dropout: float, has_source: bool = False
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden_dim)
        self.attention = _Attention(hidden_dim, num_heads)
        if has_source:
            self.source_norm = nn.LayerNorm(hidden_dim)
            self.source_attention = _Attention(hidden_dim, num_heads)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden_dim),
            nn.Linear(hidden_dim, 4 * hidden_dim),
            nn.GELU(),
            nn.Linear(4 * hidden_dim, hidden_dim),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor,
        source: torch.Tensor | None = None,
        source_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Keeps the shape (batch, sequence, hidden); masks are True where visible."""
        y = self.norm(x)
        x = x + self.dropout(self.attention(y, y, mask))
        if source is not None:
            y = self.source_attention(self.source_norm(x), source, source_mask)
            x = x + self.dropout(y)
        output: torch.Tensor = x + self.dropout(self.mlp(x))
        return output


class _Attention(nn.Module):
    """Multi-head attention from one sequence to another, or to itself."""

    def __init__(self, hidden_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(hidden_dim, hidden_dim)
        self.key_value = nn.Linear(hidden_dim, 2 * hidden_dim)
        self.projection = nn.Linear(hidden_dim, hidden_dim)

    def forward(
        self, x: torch.Tensor, source: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """Attends from (batch, T, hidden) to (batch, S, hidden); returns the former."""
        q = self.query(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        kv = self.key_value(source).unflatten(-1, (2, self.num_heads, -1))
        k, v = kv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, S, H / heads)
        y = F.scaled_dot_product_attention(_rotated(q), _rotated(k), v, attn_mask=mask)
        output: torch.Tensor = self.projection(y.transpose(1, 2).flatten(2))
        return output


def _rotated(x: torch.Tensor) -> torch.Tensor:
    """Rotates pairs of channels by their position: rotary embedding (Su et al. 2021).

    Args:
        x: (batch, heads, sequence, channels) float, with an even number of channels.
    """
    length, channels = x.shape[-2:]
    rates = 1e4 ** (-torch.arange(0, channels, 2, device=x.device) / channels)
    angles = torch.arange(length, device=x.device).unsqueeze(1) * rates  # (T, D / 2)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
