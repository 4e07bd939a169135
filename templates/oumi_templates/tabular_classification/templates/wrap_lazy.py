{% set wrap = cookiecutter.__wrap %}
        self.eval()(torch.zeros(1, {% if wrap.features %}{{ wrap.features | identifier }}{% else %}{{ cookiecutter.num_features | integer }}{% endif %}))  # gives its lazy layers their sizes
