#!/bin/sh
# Installs Microsoft's sarif-multitool, the validator that the SARIF test runs,
# into .tools at the repository's root. Not being able to is not an error here:
# the test skips loudly without it, and fails without it where CI=true.
set -eu
cd "$(dirname "$0")/.."
version=5.7.0
dir=.tools/node_modules/@microsoft/sarif-multitool-linux
elf=$dir/Sarif.Multitool

if [ -x "$elf" ] && grep -q "\"version\": \"$version\"" "$dir/package.json"; then
	exit 0
fi
if ! command -v npm >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends npm >/dev/null ||
		echo "install-multitool: apt-get could not install npm" >&2
fi
if ! command -v npm >/dev/null 2>&1; then
	echo "install-multitool: npm is not installed; the SARIF validator test will skip" >&2
	exit 0
fi
# --ignore-scripts runs no code of the package and leaves the mode bits to us.
if npm install --no-save --no-audit --no-fund --ignore-scripts --loglevel=error --prefix .tools \
	"@microsoft/sarif-multitool-linux@$version" >/dev/null; then
	chmod u+x "$elf"
else
	echo "install-multitool: npm could not install it; the SARIF validator test will skip" >&2
fi
