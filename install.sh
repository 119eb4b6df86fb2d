#!/bin/sh
# Installs a release of Tracemill for this user.
#   sh install.sh tracemill-VERSION-linux-x86_64.tar.xz     into ~/.local, or $TRACEMILL_PREFIX
set -eu

archive=${1:-}
prefix=${TRACEMILL_PREFIX:-$HOME/.local}
[ -f "$archive" ] || { echo "install.sh: which archive? sh install.sh tracemill-VERSION-linux-x86_64.tar.xz" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if command -v xz >/dev/null; then
  tar -xJf "$archive" -C "$scratch"
else
  python3 -m tarfile -e "$archive" "$scratch"
fi
folder=$(echo "$scratch"/tracemill-*)
(cd "$folder" && sha256sum --quiet -c SHA256SUMS)
chmod +x "$folder/bin/tracemill"
mkdir -p "$prefix"
rm -rf "$prefix/lib/tracemill" "$prefix/lib/tracemill.libs"
(cd "$folder" && rm SHA256SUMS && cp -R . "$prefix")
"$prefix/bin/tracemill" --version >/dev/null
echo "tracemill $("$prefix/bin/tracemill" --version) is in $prefix/bin"
case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) echo "$prefix/bin is not in your PATH" ;;
esac
