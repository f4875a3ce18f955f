"""Which parts of libc++, libc++abi, libunwind and the compiler's builtins go into the guest, and how."""
import re
import shutil

from library import Library

# What an image cannot use: 128-bit helpers that the builtins have, parallel algorithms, and the time zone database.
LEFT_OUT = ("int128_builtins.cpp", "pstl/", "experimental/", "cxa_noexception.cpp")
UNWIND = ("libunwind.cpp", "UnwindLevel1.c", "UnwindLevel1-gcc-ext.c", "UnwindRegistersRestore.S",
          "UnwindRegistersSave.S")
# What clang calls on x86-64: 128-bit integers, their conversions, complex numbers and powi.
BUILTINS = ("absvti2 addvti3 ashlti3 ashrti3 clzti2 cmpti2 ctzti2 divmodti4 divti3 ffsti2 fixdfti fixsfti fixunsdfti"
            " fixunssfti fixunsxfti fixxfti floattidf floattisf floattixf floatuntidf floatuntisf floatuntixf lshrti3"
            " modti3 muloti4 multi3 mulvti3 negti2 negvti2 parityti2 popcountti2 subvti3 ucmpti2 udivmodti4 udivti3"
            " umodti3 divdc3 divsc3 divxc3 muldc3 mulsc3 mulxc3 powidf2 powisf2 powixf2 fixunsdfdi fixunssfdi"
            " fixunsxfdi int_util").split()
SITE = {
    "_LIBCPP_ABI_VERSION": "1",
    "_LIBCPP_ABI_NAMESPACE": "__1",
    "_LIBCPP_HAS_MUSL_LIBC": "",
    "_LIBCPP_HARDENING_MODE_DEFAULT": "2",  # fast: bounds are checked in release images too
    "_LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS": "",
    "_LIBCPP_HAS_NO_TIME_ZONE_DATABASE": "",
    "_LIBCPP_PSTL_BACKEND_SERIAL": "",
}


def site_configuration(template):
    lines = []
    for line in template.splitlines():
        define = re.match(r"#cmakedefine(?:01)?\s+(\w+)", line)
        if define:
            name = define[1]
            lines.append(f"#define {name} {SITE[name]}" if name in SITE else f"/* #undef {name} */")
        elif not line.startswith("@"):
            lines.append(line)
    return "\n".join(lines) + "\n"


def install_headers(tree, include):
    cxx = include / "c++/v1"
    shutil.copytree(tree / "libcxx/include", cxx, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.in", "*.txt"))
    shutil.copytree(tree / "libcxxabi/include", cxx, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.txt"))
    shutil.copytree(tree / "libunwind/include", include, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("*.txt", "mach-o"))
    (cxx / "__config_site").write_text(site_configuration((tree / "libcxx/include/__config_site.in").read_text()))
    shutil.copy(tree / "libcxx/vendor/llvm/default_assertion_handler.in", cxx / "__assertion_handler")


def sources(*folders):
    files = [path for folder in folders for path in sorted(folder.glob("*.cpp"))]
    return [(path, "") for path in files if not any(name in str(path) for name in LEFT_OUT)]


def libraries(tree, sysroot):
    cxx, abi, unwind = tree / "libcxx/src", tree / "libcxxabi/src", tree / "libunwind/src"
    builtins = tree / "compiler-rt/lib/builtins"
    # Silent terminate: the default handler's demangler is 140 KB; the panic screen has its own words (kernel/panic).
    flags = (f"-std=c++23 -nostdinc++ -isystem {sysroot}/include/c++/v1 -I{cxx} -fvisibility-inlines-hidden"
             " -D_LIBCPP_BUILDING_LIBRARY -DLIBCXX_BUILDING_LIBCXXABI -D_LIBCXXABI_BUILDING_LIBRARY"
             " -D_LIBCPP_REMOVE_TRANSITIVE_INCLUDES -DLIBCXXABI_SILENT_TERMINATE")
    unwind_flags = f"-I{unwind} -I{tree}/libunwind/include -fno-exceptions -fno-rtti -funwind-tables -D_LIBUNWIND_IS_NATIVE_ONLY"
    unwind_sources = [(unwind / name, f"-std=c++17 -nostdinc++ -isystem {sysroot}/include/c++/v1"
                       if name.endswith(".cpp") else "") for name in UNWIND]
    return [
        Library("libc++", tree, flags, sources(cxx, cxx / "filesystem", cxx / "ryu")),
        Library("libc++abi", tree, flags + f" -I{abi}", sources(abi)),
        Library("libunwind", tree, unwind_flags, unwind_sources),
        Library("libbuiltins", tree, "-fno-stack-protector", [(builtins / f"{name}.c", "") for name in BUILTINS]),
    ]
