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

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keeps the shape (batch, patches, hidden)."""
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, P, H / heads)
        y = F.scaled_dot_product_attention(q, k, v)
        x = x + self.dropout(self.projection(y.transpose(1, 2).flatten(2)))
        output: torch.Tensor = x + self.dropout(self.mlp(x))
        return output
