class _Layer(nn.Module):
    """Pre-norm self-attention and an MLP, each added to its input."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(hidden_dim)
        self.qkv = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.projection = nn.Linear(hidden_dim, hidden_dim)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden_dim),
            nn.Linear(hidden_dim, 4 * hidden_dim),
            nn.GELU(),
            nn.Linear(4 * hidden_dim, hidden_dim),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Keeps the shape (batch, sequence, hidden).

        Args:
            x: (batch, sequence, hidden) float.
            mask: True where a token is seen, (batch, 1, sequence, sequence) bool; None
                if all those before it are.
        """
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = F.scaled_dot_product_attention(
            _rotated(q), _rotated(k), v, attn_mask=mask, is_causal=mask is None
        )
        x = x + self.dropout(self.projection(y.transpose(1, 2).flatten(2)))
        output: torch.Tensor = x + self.dropout(self.mlp(x))
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
