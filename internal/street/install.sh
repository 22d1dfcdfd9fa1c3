#!/bin/sh
# Installs the real servers of the test street where that can be done: Debian's
# packages, as root, with apt. Nothing is started by it and nothing is left
# running: the tests run the programs with their own configurations.
# Says what is missing; that is an error only with CI=true.
set -u

# program:package; the program may be a path.
wanted='
nginx:nginx
/usr/lib/nginx/modules/ngx_stream_module.so:libnginx-mod-stream
apache2:apache2-bin
haproxy:haproxy
caddy:caddy
lighttpd:lighttpd
/usr/lib/lighttpd/mod_openssl.so:lighttpd-mod-openssl
stunnel4:stunnel4
hitch:hitch
h2o:h2o
traffic_server:trafficserver
java:default-jre-headless
/usr/share/java/tomcat10-catalina.jar:libtomcat10-java
/usr/share/tomcat10/bin/catalina.sh:tomcat10-common
/usr/share/jetty9/start.jar:jetty9
node:nodejs
openssl:openssl
gnutls-serv:gnutls-bin
curl:curl
'

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
missing_packages() {
	for entry in $wanted; do
		program=${entry%%:*} package=${entry#*:}
		case $program in
		/*) [ -e "$program" ] || echo "$package" ;;
		*) command -v "$program" >/dev/null 2>&1 || echo "$package" ;;
		esac
	done
}

packages=$(missing_packages)
[ -z "$packages" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	# Packages of servers start them; a policy of our own says no for as long as
	# the installation takes. One that is there already is left alone.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
		trap 'rm -f $policy' EXIT
		trap 'exit 130' INT TERM
	fi
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	# Another apt at work, as on a machine that has just started, is waited for.
	wait='-o DPkg::Lock::Timeout=300'
	echo "street: installing" $packages
	apt-get update -q >"$log" 2>&1 || tail -n 5 "$log" >&2
	# All at once is quickest; one by one where a package is not to be had here.
	# shellcheck disable=SC2086
	if ! apt-get $wait install -q -y --no-install-recommends $packages >"$log" 2>&1; then
		for package in $packages; do
			apt-get $wait install -q -y --no-install-recommends "$package" >"$log" 2>&1 || {
				echo "street: could not install $package:" >&2
				tail -n 5 "$log" >&2
			}
		done
	fi
	rm -f "$log"
	packages=$(missing_packages)
else
	echo "street: not root, or no apt-get: real servers cannot be installed here" >&2
fi

if [ -n "$packages" ]; then
	echo "street: MISSING:" $packages "(their part of the street is skipped)" >&2
	[ "${CI:-}" = true ] && exit 1
fi
exit 0
