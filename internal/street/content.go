//go:build linux

package street

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Marker is in the protected content and nowhere else.
const Marker = "Quarterly settlement for carrier accounts"

// protectedPage is the content that must not be seen without a certificate.
// Noise is what a real application puts into every answer: equality does not
// recognise two of them.
func protectedPage(noise string) string {
	var rows strings.Builder
	for i, r := range []string{"Alder Freight", "Bramble Shipping", "Cedar Lines", "Dogwood Haulage", "Elm Couriers", "Fir Logistics", "Gorse Parcel", "Hazel Rail", "Ivy Maritime", "Juniper Air"} {
		fmt.Fprintf(&rows, "<tr><td>%s</td><td>%d consignments</td><td>EUR %d.%02d</td><td>%s</td></tr>\n", r, 140+37*i, 9100+811*i, (i*17)%100, []string{"settled", "open", "in dispute"}[i%3])
	}
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ledger - Carrier settlements</title>
<link rel="stylesheet" href="/assets/ledger.css"><meta name="viewport" content="width=device-width, initial-scale=1">` + noise + `
</head><body>
<header><a href="/">Ledger</a> <nav><a href="/carriers">Carriers</a> <a href="/invoices">Invoices</a> <a href="/disputes">Disputes</a> <a href="/export">Export</a></nav></header>
<main><h1>` + Marker + `</h1>
<p>The table lists every carrier with consignments in the running quarter, the amount that is due to it, and whether the
amount was settled. Amounts in dispute are left out of the transfer at the end of the month until both sides have signed.</p>
<table><thead><tr><th>Carrier</th><th>Volume</th><th>Amount</th><th>State</th></tr></thead><tbody>
` + rows.String() + `</tbody></table>
<p>Exports are made every night. Ask the accounts desk for a correction before the fifth working day of the month.</p>
</main><footer>Ledger 4.2, accounts desk</footer></body></html>
`
}

// otherPage is another site's own content, which is nobody's secret.
const otherPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Allotment society</title></head><body>
<h1>Welcome to the allotment society</h1>
<p>Seed swaps take place on the first Saturday of spring. Members bring labelled envelopes, visitors are welcome, and tea is
served in the shed behind plot eleven. Please leave bicycles at the lower gate.</p>
<ul><li>Beans, runner and broad</li><li>Chard in three colours</li><li>Old apple varieties on dwarf stock</li></ul>
<p>The hose rota hangs in the window. Nobody waters between eleven and four in July.</p>
</body></html>
`

// refusedPage is a refusal that comes with status 200.
const refusedPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Access through the network only</title></head><body>
<h1>This server is not reachable directly</h1>
<p>Please visit us under our public address. Requests that do not come from our delivery network are turned away here.</p>
</body></html>
`

// writeContent lays the static sites: app/ with the protected page at / and at
// /open/, the refusal beside them, and other/.
func writeContent(dir string) error {
	for name, text := range map[string]string{
		"app/index.html":      protectedPage(""),
		"app/open/index.html": protectedPage(""),
		"app/refused.html":    refusedPage,
		"other/index.html":    otherPage,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// app is the application behind those servers that only pass requests on.
type app struct {
	// addr serves the protected page with noise, otherAddr the other site,
	// denyAddr 403 to everybody.
	addr, otherAddr, denyAddr string
	servers                   []*http.Server
}

// noise is what differs in every answer.
func noise() string {
	id := make([]byte, 16)
	rand.Read(id)
	return fmt.Sprintf("\n<meta name=\"csrf-token\" content=\"%x\"><meta name=\"rendered\" content=\"%s\">", id, time.Now().Format(time.RFC3339Nano))
}

// serveApp answers like the application does.
func serveApp(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Request-Id", fmt.Sprint(time.Now().UnixNano()))
	switch r.URL.Path {
	case "/", "/open/":
		fmt.Fprint(w, protectedPage(noise()))
	case "/login":
		fmt.Fprint(w, `<!doctype html><title>Sign in</title><form method="post"><input name="user"><input name="password" type="password"><button>Sign in</button></form>`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "<!doctype html><title>Not found</title><h1>No such page</h1><p>%s</p>", noise())
	}
}

func serveOther(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "Nothing grows here.")
		return
	}
	fmt.Fprint(w, otherPage)
}

func serveDeny(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "Forbidden", http.StatusForbidden)
}

func startApp() (*app, error) {
	a := &app{}
	for _, h := range []struct {
		to      *string
		handler http.HandlerFunc
	}{{&a.addr, serveApp}, {&a.otherAddr, serveOther}, {&a.denyAddr, serveDeny}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			a.close()
			return nil, err
		}
		*h.to = l.Addr().String()
		srv := &http.Server{Handler: h.handler, ReadHeaderTimeout: time.Minute}
		a.servers = append(a.servers, srv)
		go srv.Serve(l)
	}
	return a, nil
}

func (a *app) close() {
	for _, s := range a.servers {
		s.Close()
	}
}

// concat joins files.
func concat(paths ...string) (string, error) {
	var out strings.Builder
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return "", err
		}
		out.Write(text)
	}
	return out.String(), nil
}
