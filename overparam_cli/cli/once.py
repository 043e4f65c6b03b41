"""An option given twice is refused: click takes the last one without a word, and whoever typed two meant something."""

import click


def check_once(command: click.Command, name: str, arguments: list[str], parent: click.Context) -> None:
    """Raise a UsageError if an option of `command`, or of the command of that group, is given twice in `arguments`.

    Those that are meant to be repeated (`--set`) may be, and so may `-q`.
    """
    context = command.context_class(command, info_name=name, parent=parent, **command.context_settings)
    with context:
        _, rest, given = command.make_parser(context).parse_args(list(arguments))
    for option in {one for one in given if isinstance(one, click.Option)}:
        repeatable = option.multiple or option.count or (option.is_flag and not option.secondary_opts)
        if given.count(option) > 1 and not repeatable:
            raise click.UsageError(f"{' / '.join(option.opts + option.secondary_opts)} is given twice", context)
    if isinstance(command, click.Group) and rest and (chosen := command.get_command(context, rest[0])):
        check_once(chosen, rest[0], rest[1:], context)
