"""From a request for a model to files on disk: names, spec, render, plan, write.

The folders follow that order, and each imports only from those before it:

    request, template    what is asked for, and what it is made from
    rendering            texts, checked to hold what was asked for
    project              what a project records, and where in it files may be
    writing              a plan of changes, carried out whole or not at all
    generating           all of these: models, datasets and projects
    updating             models and datasets that were generated earlier
    cli                  the commands

`user_data` and `wrapping` find out what a model has to be from what the user has;
`report` is on its own.
"""

__version__ = "0.1.0"
