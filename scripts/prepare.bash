# Sourced by the other scripts: goes to the project's root and defines what they share.
#
#   prepare EXTRAS    makes .venv where it is missing, puts it first on PATH, builds the extension into it (dev profile)
#                     and installs what the comma-separated extras of pyproject.toml need
#
# Nothing is fetched but crates and Python packages. PYTHON names the interpreter of a new .venv.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "fleetgrass: $*" >&2
    exit 1
}

find_python() {
    local name
    set -- python3 python3.13 python3.12 python3.11 python3.10
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for name; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    fail "no Python of at least 3.10 found as ${PYTHON:-python3}; install one, or name it: PYTHON=/path/to/python $0"
}

check_rust() {
    local needed found
    # A shell that was open when rustup ran does not have cargo on its PATH yet.
    command -v cargo >/dev/null || PATH="$PATH:$HOME/.cargo/bin"
    needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version 2>/dev/null | cut -d' ' -f2) || fail "Rust is missing; install $needed or newer (https://rustup.rs)"
    [ "$(printf '%s\n' "$needed" "$found" | sort -V | head -1)" = "$needed" ] ||
        fail "Rust $found is too old; install $needed or newer (rustup update)"
    command -v cc >/dev/null || fail "a C compiler is missing (cc); SQLite and the TLS library are built with it"
}

prepare() {
    local python
    check_rust
    if ! .venv/bin/python -c '' 2>/dev/null; then
        python=$(find_python)
        echo "fleetgrass: making .venv with $python" >&2
        "$python" -m venv --clear .venv || {
            rm -rf .venv
            fail "$python cannot make a virtual environment; on Debian and Ubuntu install python3-venv"
        }
    fi
    unset CONDA_PREFIX PYTHONHOME # maturin and pip shall see one environment
    export VIRTUAL_ENV=$PWD/.venv PATH=$PWD/.venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
    [ -x .venv/bin/maturin ] || python -m pip install 'maturin>=1.9.4,<2'
    [ -d target/debug ] || echo "fleetgrass: building; the first time this takes a few minutes" >&2
    mkdir -p target
    maturin develop --extras "$1" >target/build.log 2>&1 || {
        cat target/build.log >&2
        fail "the build failed"
    }
}
