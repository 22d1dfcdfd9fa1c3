package lab

import (
	"fmt"
	"hash/fnv"
	"html"
	"math/rand/v2"
	"net/http"
	"strings"
)

var pageWords = strings.Fields(`anchor apron barge beacon berth bollard boom bridge bulkhead buoy cabin cable canal cargo
channel chart clerk coil compass crane crew customs dawn deck depot dock draft dredge ferry flag fog freight gangway gauge
gate gull hatch hawser hoist hull invoice jetty kelp knot ladder lantern ledger lever lighthouse locker log manifest marker
mast mooring net oar pallet pier pilot pump quay rail ramp rope rudder sail schedule seal shed signal sluice spool stern
storm tally tariff tide timber tonnage tower tug valve vessel voucher wharf winch yard`)

// sitePage is a hostname's content: the same on every answer, and unlike any
// other hostname's.
func sitePage(host string) string {
	h := fnv.New64a()
	h.Write([]byte(host))
	rnd := rand.New(rand.NewPCG(h.Sum64(), 0))
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Welcome to %s</title></head>\n<body><h1>%[1]s</h1>\n", html.EscapeString(host))
	for range 6 {
		b.WriteString("<p>")
		for i := range 24 {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(pageWords[rnd.IntN(len(pageWords))])
		}
		b.WriteString(".</p>\n")
	}
	fmt.Fprintf(&b, "<footer>The protected site of %s</footer></body></html>\n", html.EscapeString(host))
	return b.String()
}

// writePage writes a small HTML page with a status.
func writePage(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func errorPage(title, text string) string {
	return fmt.Sprintf("<!doctype html>\n<html lang=\"en\"><head><title>%s</title></head><body><h1>%s</h1><p>%s</p></body></html>\n",
		html.EscapeString(title), html.EscapeString(title), html.EscapeString(text))
}
