//go:build linux

package street

// servers lists the households of the street.
func servers() []server {
	return []server{
		{"nginx", []string{"nginx"}, buildNginx},
		{"nginx-stream", []string{"nginx", "/usr/lib/nginx/modules/ngx_stream_module.so"}, buildNginxStream},
		{"apache", []string{"apache2"}, buildApache},
		{"haproxy", []string{"haproxy"}, buildHAProxy},
		{"caddy", []string{"caddy"}, buildCaddy},
		{"lighttpd", []string{"lighttpd", "/usr/lib/lighttpd/mod_openssl.so"}, buildLighttpd},
		{"stunnel", []string{"stunnel4"}, buildStunnel},
		{"hitch", []string{"hitch"}, buildHitch},
		{"h2o", []string{"h2o"}, buildH2O},
		{"node", []string{"node"}, buildNode},
		{"openssl", []string{"openssl"}, buildOpenSSL},
		{"gnutls", []string{"gnutls-serv"}, buildGnuTLS},
		{"tomcat", []string{"java", "keytool", "/usr/share/tomcat10/bin/bootstrap.jar", "/usr/share/tomcat10/lib/catalina.jar"}, buildTomcat},
		{"jetty", []string{"java", "keytool", "/usr/share/jetty9/start.jar"}, buildJetty},
		{"trafficserver", []string{"traffic_server"}, buildTrafficServer},
		{"held-go", nil, buildHeldGo},
		{"held-nginx", []string{"nginx"}, buildHeldNginx},
		{"held-chain", []string{"nginx", "haproxy", "stunnel4"}, buildHeldChain},
		{"town-nginx", []string{"nginx"}, buildTownNginx},
		{"town-apache", []string{"apache2"}, buildTownApache},
		{"town-haproxy", []string{"haproxy"}, buildTownHAProxy},
		{"town-caddy", []string{"caddy"}, buildTownCaddy},
		{"town-stream", []string{"nginx", "/usr/lib/nginx/modules/ngx_stream_module.so"}, buildTownStream},
		{"go", nil, buildGo},
		{"hostile", nil, buildHostile},
	}
}
