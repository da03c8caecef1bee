"""Runs one test program of `wasm32-wasip1`: `run.py PROGRAM FOLDER NAME [ARGUMENT...]`.

The program finds FOLDER of this machine under NAME, to read. A panic ends a program of this kind,
so after a failed test nothing more is run.
"""

import sys

from wasmtime import (
    Config,
    Engine,
    ExitTrap,
    Linker,
    Module,
    Store,
    Trap,
    WasiConfig,
    WasmtimeError,
)


def main(program: str, folder: str, name: str, *arguments: str) -> int:
    config = Config()
    # What has been compiled is kept, so a program that has not changed starts at once.
    config.cache = True
    engine = Engine(config)
    wasi = WasiConfig()
    wasi.argv = [program, *arguments]
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.preopen_dir(folder, name, fs_mutable=False)
    store = Store(engine)
    store.set_wasi(wasi)
    linker = Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, Module.from_file(engine, program))
    try:
        instance.exports(store)["_start"](store)
    except ExitTrap as end:
        return end.code
    except (Trap, WasmtimeError) as end:
        print(end, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
