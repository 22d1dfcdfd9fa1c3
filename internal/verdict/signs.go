package verdict

import (
	"regexp"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// wording is a text with which a server says that the client certificate is why
// it refuses.
type wording struct {
	server string
	// statuses are those that the text comes with; empty means any.
	statuses []int
	// text is searched for in title and beginning of the body, in lower case.
	text string
	// asks is true where the text itself says that the server wanted to ask for a
	// certificate, so that no request need have been seen.
	asks bool
}

// wordings are the known ones. All were seen from the servers named; the source
// is where they come from.
var wordings = []wording{
	// nginx, src/http/ngx_http_special_response.c: error 496, sent as 400.
	{server: "nginx", statuses: []int{400, 496}, text: "no required ssl certificate was sent"},
	// nginx, the same file: error 495, sent as 400, for a certificate that does not verify.
	{server: "nginx", statuses: []int{400, 495}, text: "the ssl certificate error"},
	// Apache, modules/ssl/ssl_engine_kernel.c: SSLVerifyClient in a directory, TLS
	// 1.3, and a client that did not offer post-handshake authentication.
	{server: "Apache", statuses: []int{403}, text: "cannot perform post-handshake authentication", asks: true},
	// Tomcat, SSLAuthenticator: CLIENT-CERT without a certificate.
	{server: "Tomcat", statuses: []int{401}, text: "no client certificate chain in this request", asks: true},
	// IIS: 403.7, 403.16 and 403.17, which its detailed and its short pages name.
	{server: "IIS", statuses: []int{403}, text: "ssl client certificate is required"},
	{server: "IIS", statuses: []int{403}, text: "403.7 - forbidden"},
	{server: "IIS", statuses: []int{403}, text: "client certificate is untrusted or invalid"},
	// Traefik and Envoy refuse in TLS. Cloudflare's own Access and API Shield say:
	{server: "Cloudflare", statuses: []int{403}, text: "no required tls certificate was sent"},
	// Apache Traffic Server, HAProxy and lighttpd refuse in TLS; h2o has no words of its own.
	// LiteSpeed and OpenResty reuse nginx's words.
}

// certificateWording returns the server whose known words the answer uses, and
// whether these words say that a certificate was to be asked for.
func certificateWording(r *evidence.Response) (server string, asks bool, ok bool) {
	if r.Status == 495 || r.Status == 496 {
		return "nginx", false, true // the statuses are nginx's own for exactly this
	}
	if r.Status < 400 {
		return "", false, false
	}
	text := pageText(r)
	for _, w := range wordings {
		match := len(w.statuses) == 0
		for _, s := range w.statuses {
			match = match || s == r.Status
		}
		if match && strings.Contains(text, w.text) {
			return w.server, w.asks, true
		}
	}
	return "", false, false
}

// pageText is the lower-case title and beginning of a body.
func pageText(r *evidence.Response) string {
	return strings.ToLower(r.Body.Title + "\n" + r.Body.Excerpt)
}

// aboutCertificates matches pages that turn somebody away for want of a
// certificate, whatever the status.
var aboutCertificates = regexp.MustCompile(`(?:client|ssl|tls|x\.?509)[- ]+cert|certificat\w* (?:is |was |are )?(?:required|needed|missing|invalid|not |error|denied|rejected|refused|failed)|(?:required?|requires|needs?|missing|invalid|without|no|present) (?:a |an |any |the |your |valid |ssl |tls |client )*certificate|mutual tls|\bmtls\b|authenticated origin pull|zertifikat|certificat client|certificado`)

// turnsAway matches the generic words of a refusal.
var turnsAway = regexp.MustCompile(`\bforbidden\b|access (?:is |was |has been )?(?:denied|restricted|refused|blocked|forbidden)|no access|not (?:be )?(?:authori[sz]ed|permitted|allowed|authenticated|reachable directly|available directly|accessible directly|welcome)|unauthori[sz]ed|permission denied|\bdenied\b|turned away|go away|(?:was|is|been|are|request) (?:rejected|refused|blocked|denied)|\brefused\b|\brejected\b|direct (?:access|connection|request)s?|authentication (?:is )?(?:required|failed)|not allowed|only (?:through|via|by way of) |nothing to see`)

// turnsAwayElsewhere matches the same in other languages.
var turnsAwayElsewhere = regexp.MustCompile(`zu(?:griff|gang|tritt) (?:wurde |ist )?(?:verweigert|abgelehnt|verboten|gesperrt|nicht)|kein(?:e|en)? (?:zugriff|zugang|zutritt|berechtigung)|nicht (?:berechtigt|autorisiert|gestattet|erlaubt|zugelassen)|` +
	`accès (?:refusé|interdit|non autorisé)|non autorisée?\b|acceso (?:denegado|prohibido|restringido)|no autorizado|accesso (?:negato|vietato)|non autorizzato|acesso (?:negado|proibido)|não autorizado|` +
	`toegang (?:geweigerd|verboden)|geen toegang|odmowa dostępu|dostęp zabroniony|brak dostępu|přístup odepřen|доступ (?:запрещ|закрыт|отказ|ограничен)|отказано в доступе|erişim (?:engellendi|reddedildi)|` +
	`禁止访问|禁止存取|拒绝访问|拒絕存取|访问被拒绝|访问受限|无权|没有权限|未授权|未經授權|アクセス(?:が|は|を)?(?:拒否|禁止|でき)|権限がありません|접근(?:이)? ?(?:거부|금지|권한)|권한이 없`)

// maxRefusalText and maxRefusalShingles bound how long a page may be, in bytes or
// in words and word pairs, for generic words to make a refusal of it: a long page
// that says "forbidden" somewhere is an application. A short text in a heavy
// layout is still short.
const (
	maxRefusalText     = 2048
	maxRefusalShingles = 160
)

// readsLikeRefusal reports whether a page turns its reader away. A title that
// refuses is enough; words about certificates, in the title or elsewhere, are not,
// where there is much more to read: the page may be about certificates.
func readsLikeRefusal(r *evidence.Response) bool {
	turns := func(s string) bool { return turnsAway.MatchString(s) || turnsAwayElsewhere.MatchString(s) }
	if turns(strings.ToLower(r.Body.Title)) {
		return true
	}
	text := pageText(r)
	short := r.Body.Length <= maxRefusalText || len(r.Body.Sketch) > 0 && distinct(r.Body.Sketch) <= maxRefusalShingles
	return short && (turns(text) || aboutCertificates.MatchString(text))
}

// stockPages are what servers show when they have nothing of their own to show.
var stockPages = []string{
	"welcome to nginx",                     // nginx, html/index.html
	"apache2 debian default page",          // Debian's apache2
	"apache2 ubuntu default page",          // Ubuntu's apache2
	"apache2 default page",                 // their titles
	"test page for the apache http server", // Fedora, RHEL
	"http server test page",                // RHEL 9, CentOS
	"caddy works!",                         // Caddy's packages
	"placeholder page",                     // lighttpd, Debian
	"welcome to openresty",                 // OpenResty
	"iis windows server",                   // IIS
	"if you're reading this, you've successfully installed tomcat",         // Tomcat
	"if you see this page via a web browser, it means you've setup tomcat", // Debian's tomcat
	"congratulations! your website is up",                                  // control panels
	"domain default page",                                                  // Plesk
	"default web site page",                                                // cPanel
}

// stockPage reports whether an answer is a server's own default page.
func stockPage(r *evidence.Response) bool {
	text := pageText(r)
	if strings.TrimSpace(strings.ToLower(r.Body.Excerpt)) == "it works!" {
		return true // Apache's own index.html
	}
	for _, s := range stockPages {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// stockError matches the error pages that servers make themselves: they say
// nothing about the application.
var stockError = regexp.MustCompile(`^(?:http )?(?:status |error )?\d{3}\b|not found|file not found|page not found|moved permanently|^found$|error \d{3}|http status \d{3}|bad request|misdirected request|method not allowed|service unavailable|bad gateway|gateway time-?out|internal server error|no such (?:page|site|host)|^default backend - 404`)

// stockErrorPage reports whether an error's body is empty or one that the server
// makes by itself.
func stockErrorPage(r *evidence.Response) bool {
	if r.Body.Length == 0 {
		return true
	}
	if strings.Contains(r.ContentType, "json") {
		return false
	}
	if r.Body.Length > 1500 && !strings.Contains(pageText(r), "apache tomcat") {
		return false
	}
	return stockError.MatchString(strings.TrimSpace(pageText(r)))
}
