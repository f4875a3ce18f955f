"""Which parts of musl go into the guest's libc.a, and how they are compiled."""
import shutil
import subprocess

from library import Library

# Left out: aio, crypt, ipc, mq, passwd (nothing behind them in an image).
FOLDERS = ("complex conf ctype dirent env errno exit fcntl fenv internal ldso legacy linux locale malloc math misc mman"
           " multibyte network prng process regex sched search select setjmp signal stat stdio stdlib string temp"
           " termios thread time unistd").split()
# iconv: CVE-2025-26519 (writes out of bounds in 1.2.3; Debian 12 carries no patches for musl at all), and nothing here needs it.
# syscall(): kernel/posix defines it for the few numbers that libc++ and libunwind use. pthread_cancel: see patch_musl.py.
LEFT_OUT = {"locale/iconv.c", "locale/iconv_close.c", "misc/syscall.c", "thread/pthread_cancel.c",
            "thread/__syscall_cp.c"}
# The allocator is kernel/memory; these forward to it.
MALLOC = {"malloc/libc_malloc.c", "malloc/memalign.c", "malloc/posix_memalign.c", "malloc/reallocarray.c"}
# Run before thread-local storage and its canary exist, or are what the compiler would call to do their own job.
NO_STACK_PROTECTOR = {"__libc_start_main.c", "__init_tls.c", "__stack_chk_fail.c", "memset.c", "memcpy.c"}
# A C++ comparison function may throw across these.
UNWINDABLE = {"qsort.c", "qsort_nr.c", "bsearch.c", "lsearch.c", "tsearch.c", "twalk.c"}


def selected(tree):
    for folder in FOLDERS:
        own = {path.stem: path for path in sorted((tree / "src" / folder / "x86_64").glob("*.[csS]"))}
        for path in sorted((tree / "src" / folder).glob("*.c")):
            name = f"{folder}/{path.name}"
            if path.stem in own or name in LEFT_OUT or (folder == "malloc" and name not in MALLOC):
                continue
            yield path
        yield from own.values()


def extra_flags(path):
    flags = ""
    if path.name in NO_STACK_PROTECTOR:
        flags += " -fno-stack-protector"
    if path.name in UNWINDABLE:
        flags += " -fasynchronous-unwind-tables"
    return flags


def library(tree, sysroot):
    paths = " ".join(f"-I{tree / folder}" for folder in ("arch/x86_64", "arch/generic", "src/include", "src/internal"))
    # musl is freestanding C99 whose headers are half internal: no system headers.
    flags = (f"-std=c99 -nostdinc -ffreestanding -frounding-math -fno-strict-aliasing -D_XOPEN_SOURCE=700 {paths}"
             f" -I{sysroot}/include -fno-unwind-tables -fno-asynchronous-unwind-tables")
    return Library("libc", tree, flags, [(path, extra_flags(path)) for path in selected(tree)])


def install_headers(tree, include):
    shutil.copytree(tree / "include", include, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.in"))
    for folder in ("arch/generic/bits", "arch/x86_64/bits"):
        shutil.copytree(tree / folder, include / "bits", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.in"))
    types = subprocess.run(["sed", "-f", tree / "tools/mkalltypes.sed", tree / "arch/x86_64/bits/alltypes.h.in",
                            tree / "include/alltypes.h.in"], check=True, capture_output=True, text=True).stdout
    (include / "bits/alltypes.h").write_text(types)
    numbers = (tree / "arch/x86_64/bits/syscall.h.in").read_text()
    names = "".join(line.replace("__NR_", "SYS_", 1) + "\n" for line in numbers.splitlines() if "__NR_" in line)
    (include / "bits/syscall.h").write_text(numbers + names)
    version = (tree / "VERSION").read_text().strip()
    (tree / "src/internal/version.h").write_text(f'#define VERSION "{version}"\n')
