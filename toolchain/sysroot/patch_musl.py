#!/usr/bin/python3
"""patch_musl.py TREE: turn an unpacked musl into a library whose system calls are calls of hidden functions.

Each call number gets a symbol of its own, __libos_sys_<number>(a, b, c, d, e, f), so that the linker tells which calls
an image needs and drops the rest of the library OS. A number known only at run time goes to __libos_syscall, which
nothing defines: such a caller is a link error.
"""
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).parent
# The files that hold a `syscall` instruction; musl/ beside this script replaces those that are still needed.
# vfork falls back to the generic fork.
WITH_SYSCALL = ("process/x86_64/vfork.s", "thread/x86_64/__set_thread_area.s", "thread/x86_64/__unmapself.s",
                "thread/x86_64/clone.s", "thread/x86_64/syscall_cp.s", "signal/x86_64/restore.s")
NAMES = "abcdef"


def syscall_header(numbers):
    declarations = "".join(f"__HOLM_HIDDEN long __libos_sys_{n}(long, long, long, long, long, long);\n" for n in numbers)
    cases = "".join(f"\tcase {n}: return __libos_sys_{n}(a, b, c, d, e, f);\n" for n in numbers)
    wrappers = ""
    for count in range(7):
        parameters = "".join(f", long {name}" for name in NAMES[:count])
        arguments = "".join(f", {name}" for name in NAMES[:count]) + ", 0" * (6 - count)
        wrappers += (f"static __inline __attribute__((__always_inline__)) long __syscall{count}(long n{parameters})\n"
                     f"{{\n\treturn __libos_call(n{arguments});\n}}\n")
    return f"""#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define IPC_64 0
#define __HOLM_HIDDEN __attribute__((__visibility__("hidden")))
__HOLM_HIDDEN long __libos_syscall(long n, long a, long b, long c, long d, long e, long f);
{declarations}
static __inline __attribute__((__always_inline__))
long __libos_call(long n, long a, long b, long c, long d, long e, long f)
{{
	if (__builtin_constant_p(n)) switch (n) {{
{cases}	}}
	return __libos_syscall(n, a, b, c, d, e, f);
}}
{wrappers}"""


def main():
    tree = pathlib.Path(sys.argv[1])
    table = (tree / "arch/x86_64/bits/syscall.h.in").read_text()
    numbers = sorted({int(number) for number in re.findall(r"#define __NR_\w+\s+(\d+)", table)})
    (tree / "arch/x86_64/syscall_arch.h").write_text(syscall_header(numbers))

    # Cancellation points become plain calls: C++ has no pthread_cancel, and the state machine costs code everywhere.
    internal = tree / "src/internal/syscall.h"
    text, count = re.subn(r"#define __syscall_cp(\d)\((.*?)\) \(__syscall_cp\)\((.*)\)",
                          r"#define __syscall_cp\1(\2) __syscall\1(\2)", internal.read_text())
    if count != 7:
        sys.exit(f"patch_musl.py: {internal} is not the untouched one of musl 1.2.3")
    internal.write_text(text)

    for name in WITH_SYSCALL:
        (tree / "src" / name).unlink(missing_ok=True)
    shutil.copytree(HERE / "musl", tree, dirs_exist_ok=True)


main()
