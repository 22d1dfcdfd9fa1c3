#!/bin/sh
# Installs what the test of the HTML report needs, from Debian's packages: a
# browser with a font, and the PDF tools. Not being able to is not an error here:
# the test skips loudly without them, and fails without them where CI=true.
set -eu
packages=
command -v chromium >/dev/null 2>&1 || packages="chromium fonts-dejavu-core"
command -v pdftotext >/dev/null 2>&1 || packages="$packages poppler-utils"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "install-browser: chromium or pdftotext is missing and this is not root on Debian; the browser test will skip" >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update >/dev/null || true # what is known already may do
# One by one: what cannot be had here must not keep the others away.
for package in $packages; do
	apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$package" >/dev/null ||
		echo "install-browser: apt-get could not install $package; the browser test will skip" >&2
done
