"""A project with a compiled module, in C that needs no header of Python's."""

from __future__ import annotations

SOURCE = """
    extern void *PyModule_Create2(void *, int);
    extern void *PyLong_FromLong(long);

    struct method { const char *name; void *(*call)(void *, void *); int flags; const char *doc; };
    struct definition {
        long references; void *type, *init; long index; void *copy;
        const char *name, *doc; long size; struct method *methods; void *slots, *traverse, *clear, *free;
    };

    static void *value(void *self, void *arguments) { (void)self; (void)arguments; return PyLong_FromLong(VALUE); }
    static struct method methods[] = {{"value", value, 4, 0}, {0, 0, 0, 0}};
    static struct definition module = {1, 0, 0, 0, 0, "_fast", 0, -1, methods, 0, 0, 0, 0};
    void *PyInit__fast(void) { return PyModule_Create2(&module, 1013); }
"""
SETUP = """
    from setuptools import Extension, setup

    setup(
        name="mylib",
        version="1.0",
        packages=["mylib"],
        package_dir={package_dir},
        ext_modules=[Extension("mylib._fast", ["{folder}mylib/_fast.c"])],
    )
"""
COMPILER = 'gcc -shared -fPIC -o "mylib/_fast.so" mylib/_fast.c'


def extension_files(value: int, *, src: bool = False) -> dict[str, str]:
    """Return the files of the project whose compiled module says `value`, flat or in `src/`."""
    folder = "src/" if src else ""
    package_dir = '{"": "src"}' if src else "{}"
    return {
        ".gitignore": "*.so\nbuild/\n*.egg-info/\n",
        "setup.py": SETUP.replace("{package_dir}", package_dir).replace("{folder}", folder),
        f"{folder}mylib/__init__.py": "from mylib._fast import value\n",
        f"{folder}mylib/_fast.c": SOURCE.replace("VALUE", str(value)),
    }
