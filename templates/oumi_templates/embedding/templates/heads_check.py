{% set heads = cookiecutter.num_heads | integer %}
{% set width = cookiecutter.hidden_dim | multiple_of(2 * heads, "hidden_dim", "2 * num_heads") %}
        if hidden_dim % (2 * num_heads):
            raise ValueError(
                f"hidden_dim is {hidden_dim}; give a multiple of {2 * num_heads}"
            )
