#!/bin/sh
# Creates .venv from constraints.txt. Usage: scripts/setup.sh EXTRAS ('' or 'train,test').
# Says what is missing and, where it may (root, or sudo that asks nothing), installs it.
set -eu
cd "$(dirname "$0")/.."
extras=${1:-}
venv=.venv

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || sudo -n true >/dev/null 2>&1
}

# Chromium without a window opens a page for half the work; older distributions lack it.
browser() {
    if apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        echo chromium-headless-shell
    else
        echo chromium
    fi
}

install_packages() {
    root=
    [ "$(id -u)" = 0 ] || root="sudo -n"
    echo "Installing $* from the distribution's packages."
    $root apt-get update -qq </dev/null
    set -- $(for name; do [ "$name" = browser ] && browser || echo "$name"; done)
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$@" \
        </dev/null >/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "HemaVision needs Python 3.11 or later; none was found." >&2
    echo "Install it (Debian: apt-get install python3 python3-venv) or set PYTHON=path." >&2
    return 1
}

# Whatever cut an earlier set-up short, a .venv without a working pip is made anew.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if may_install; then
            install_packages python3-venv
        else
            echo "$python cannot make virtual environments: the package python3-venv is missing." >&2
            echo "As root: apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    echo "Creating $venv with $($python --version)."
    "$python" -m venv --clear "$venv"
fi

target=.
[ -z "$extras" ] || target=".[$extras]"
echo "Installing HemaVision${extras:+ with $extras}; the first time this takes a while."
"$venv/bin/python" -m pip install -qq --disable-pip-version-check \
    --constraint constraints.txt --editable "$target" </dev/null

case ",$extras," in
*,test,*)
    wanted=
    if ! command -v chromium-headless-shell >/dev/null 2>&1 \
        && ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1; then
        wanted="browser"
    fi
    # Debian keeps the server's programs off the PATH.
    if ! command -v pg_ctl >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1; then
        wanted="$wanted postgresql"
    fi
    # A reverse proxy and its certificate; Debian keeps the server off the PATH, too.
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null 2>&1 || wanted="$wanted nginx-light"
    command -v openssl >/dev/null 2>&1 || wanted="$wanted openssl"
    if [ -n "$wanted" ] && may_install; then
        install_packages $wanted
    elif [ -n "$wanted" ]; then
        echo "Missing: $wanted (the browser is Chromium); the tests that need it will say so." >&2
        echo "As root: apt-get install chromium-headless-shell postgresql nginx-light openssl" >&2
    fi
    ;;
esac
