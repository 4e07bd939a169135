"""The text of a user's file that registers a class."""


def net(name, class_name="Net", first="", last=""):
    return (
        f"{first}\nfrom oumi_runtime.core import registry\n\n"
        f'@registry.register("{name}", registry.RegistryType.MODEL)\n'
        f"class {class_name}:\n    pass\n{last}\n"
    )
