#!/bin/sh
# Installs what the test of the HTML report needs, from Debian's packages: a
# browser, a font and the PDF tools. Not being able to is not an error here: the
# test skips loudly without them, and fails without them where CI=true.
set -eu
if command -v chromium >/dev/null 2>&1 && command -v pdftotext >/dev/null 2>&1; then
	exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "install-browser: chromium or pdftotext is missing and this is not root on Debian; the browser test will skip" >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
install_packages() {
	apt-get install -y --no-install-recommends chromium fonts-dejavu-core poppler-utils >/dev/null
}
install_packages || { apt-get update >/dev/null && install_packages; } ||
	echo "install-browser: apt-get could not install chromium; the browser test will skip" >&2
