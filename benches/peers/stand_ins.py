"""Lets PyPI's torch load on a machine without CUDA and without its gigabytes of CUDA wheels.

PyPI's torch for Linux on x86 is linked against the CUDA libraries, so it does not load where they
are missing, even to compute on the CPU, where nothing of them is called. For each library that is
needed and not installed this writes an empty one of that name beside torch's own, in which every
function that torch asks for exists and returns 1, which is an error in all of these interfaces.
Needs `cc` and `readelf`. Run by setup.sh, with the Python that torch was installed for.
"""

import pathlib
import re
import subprocess
import sysconfig
import tempfile

SITE = pathlib.Path(sysconfig.get_path("purelib"))
LIBS = SITE / "torch" / "lib"
# Small and called when torch is loaded, so setup.sh installs the real ones.
REAL = ("libcudart", "libcupti")
CUDA = ("libcu", "libnv", "libnccl")


def readelf(flag, library):
    run = subprocess.run(["readelf", flag, "-W", library], capture_output=True, text=True)
    return run.stdout


def needed(library):
    """The CUDA libraries that a library is linked against."""
    found = re.findall(r"Shared library: \[(.+?)\]", readelf("-d", library))
    return {name for name in found if name.startswith(CUDA) and not name.startswith(REAL)}


def versions(library):
    """For every symbol version that a library asks for: of which other library."""
    of = {}
    source = None
    for line in readelf("-V", library).splitlines():
        if file := re.search(r"File: (\S+)", line):
            source = file.group(1)
        elif name := re.search(r"Name: (\S+) +Flags", line):
            of[name.group(1)] = source
    return of


def undefined(library):
    """Name, version and kind of every symbol that a library wants from another."""
    for line in readelf("--dyn-syms", library).splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[6] == "UND":
            name, _, version = fields[7].partition("@")
            yield name, version, fields[3]


def main():
    libraries = sorted(LIBS.glob("libtorch*.so")) + sorted(LIBS.glob("libc10*.so"))
    wanted = {}  # soname -> version -> name -> kind
    for library in libraries:
        sonames = needed(library)
        source = versions(library)
        for soname in sonames:
            wanted.setdefault(soname, {})
        for name, version, kind in undefined(library):
            if version and source.get(version) in sonames:
                wanted[source[version]].setdefault(version, {})[name] = kind
            elif not version:
                # A library without versions names its functions after itself.
                names = [s for s in sonames if name.lower().startswith(s[3:].split(".")[0].lower())]
                if names:
                    wanted[max(names, key=len)].setdefault("", {})[name] = kind
    for soname, symbols in sorted(wanted.items()):
        if not list(SITE.glob(f"nvidia/**/{soname}")):
            build(soname, symbols)


def build(soname, symbols):
    """Compiles one stand-in."""
    code, script = [], []
    for version, names in symbols.items():
        for name, kind in names.items():
            code.append(f"long {name}[64];" if kind == "OBJECT" else f"int {name}(void) {{ return 1; }}")
        if version:
            script.append(f"{version} {{ global: {'; '.join(names)}; }};")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "stand_in.c")
        source.write_text("\n".join(code) + "\nstatic const int nothing = 0;\n")
        command = ["cc", "-w", "-shared", "-fPIC", f"-Wl,-soname,{soname}", "-o", LIBS / soname, source]
        if script:
            versions_file = pathlib.Path(folder, "versions")
            versions_file.write_text("\n".join(script) + "\n")
            command.append(f"-Wl,--version-script={versions_file}")
        subprocess.run(command, check=True)
    print(f"{soname}: {sum(map(len, symbols.values()))} symbols stood in for")


if __name__ == "__main__":
    main()
