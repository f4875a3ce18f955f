#!/usr/bin/python3
"""generate.py MUSL LLVM SYSROOT BUILD: lay out the headers in SYSROOT and write BUILD/build.ninja, which compiles
libc.a, libc++.a, libc++abi.a, libunwind.a and libbuiltins.a into SYSROOT/lib. Neither configure nor CMake runs: that takes a quarter of
the time.
"""
import pathlib
import sys

import llvm
import musl

TARGET = "x86_64-linux-musl"
# -fPIE: images are static PIEs. -mno-red-zone: a stock VMM delivers interrupts on the running stack. One section a
# function, so that an image holds only what it uses. Frame pointers: the panic screen and the profiler walk them.
COMMON = ("-O2 -DNDEBUG -w -fPIE -mno-red-zone -ffunction-sections -fdata-sections -fno-omit-frame-pointer"
          " -fstack-protector-strong -Wa,--noexecstack -Qunused-arguments")


def link_kernel_headers(include):
    for name, source in (("linux", "/usr/include/linux"), ("asm-generic", "/usr/include/asm-generic"),
                         ("asm", "/usr/include/x86_64-linux-gnu/asm")):
        (include / name).unlink(missing_ok=True)
        (include / name).symlink_to(source)


def write_ninja(libraries, sysroot, build):
    lines = [f"""rule compile
  command = $compiler --target={TARGET} --sysroot={sysroot} {COMMON} $flags -c $in -o $out
  description = $out
rule archive
  command = rm -f $out && llvm-ar-19 rcD $out $in
  description = $out
"""]
    for library in libraries:
        objects = []
        for source, flags in library.sources:
            unique = str(source.relative_to(library.root)).replace("/", "_")
            objects.append(f"{build}/{library.name}/{unique}.o")
            compiler = "clang++-19" if source.suffix == ".cpp" else "clang-19"
            remap = f"-ffile-prefix-map={library.root}=/{library.name}"
            lines.append(f"build {objects[-1]}: compile {source}\n  compiler = {compiler}\n"
                         f"  flags = {library.flags} {flags} {remap}\n")
        lines.append(f"build {sysroot}/lib/{library.name}.a: archive {' '.join(objects)}\n")
    (build / "build.ninja").write_text("".join(lines))


def main():
    musl_tree, llvm_tree, sysroot, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    for folder in (sysroot / "include", sysroot / "lib", build):
        folder.mkdir(parents=True, exist_ok=True)
    musl.install_headers(musl_tree, sysroot / "include")
    link_kernel_headers(sysroot / "include")
    llvm.install_headers(llvm_tree, sysroot / "include")
    write_ninja([musl.library(musl_tree, sysroot), *llvm.libraries(llvm_tree, sysroot)], sysroot, build)


main()
