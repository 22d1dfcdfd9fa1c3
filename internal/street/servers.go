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
		{"go", nil, buildGo},
		{"hostile", nil, buildHostile},
	}
}
