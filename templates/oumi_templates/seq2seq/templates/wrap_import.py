{% set wrap = cookiecutter.__wrap %}
from {{ wrap.module | dotted }} import {{ wrap.imported | identifier }}{% if wrap.alias != wrap.imported %} as {{ wrap.alias | identifier }}{% endif %}

