package report

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser is a headless Chromium that is driven over a pair of pipes (the
// DevTools protocol), so that no port is opened.
type browser struct {
	t       *testing.T
	w       *os.File
	mu      sync.Mutex
	next    int
	waiting map[int]chan cdpMessage
	session string
	events  []cdpMessage
	loaded  chan struct{}
	closed  chan struct{}
}

type cdpMessage struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

// browserFlags keep Chromium from asking the network for anything of its own.
var browserFlags = []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
	"--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"}

// need finds a program, or skips loudly; where CI is true it must be there.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run report/install-browser.sh", name)
	}
	t.Skipf("SKIPPED, THE PAGE WAS NOT LOOKED AT: %s is missing; report/install-browser.sh installs it on Debian", name)
	return ""
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED, THE PAGE WAS NOT LOOKED AT: -short")
	}
	path := need(t, "chromium")
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := t.TempDir()
	cmd := exec.Command(path, append(append([]string{}, browserFlags...), "--user-data-dir="+filepath.Join(profile, "profile"), "about:blank")...)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Env = append(os.Environ(), "HOME="+profile, "XDG_CONFIG_HOME="+profile, "XDG_CACHE_HOME="+profile)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, w: ourOut, waiting: map[int]chan cdpMessage{}, loaded: make(chan struct{}, 100), closed: make(chan struct{})}
	go b.read(ourIn)
	t.Cleanup(func() {
		_, _ = b.send("", "Browser.close", nil)
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		ourOut.Close()
		ourIn.Close()
	})

	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Network", "Log", "Accessibility"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func (b *browser) read(f *os.File) {
	defer close(b.closed)
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m cdpMessage
		if json.Unmarshal(line[:len(line)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if m.ID != 0 {
			if c := b.waiting[m.ID]; c != nil {
				c <- m
				delete(b.waiting, m.ID)
			}
		} else {
			b.events = append(b.events, m)
			if m.Method == "Page.loadEventFired" {
				b.loaded <- struct{}{}
			}
		}
		b.mu.Unlock()
	}
}

func (b *browser) send(session, method string, params any) (cdpMessage, error) {
	b.mu.Lock()
	b.next++
	id := b.next
	c := make(chan cdpMessage, 1)
	b.waiting[id] = c
	b.mu.Unlock()
	raw, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params, "sessionId": session})
	if session == "" || params == nil {
		m := map[string]any{"id": id, "method": method}
		if session != "" {
			m["sessionId"] = session
		}
		if params != nil {
			m["params"] = params
		}
		raw, err = json.Marshal(m)
	}
	if err != nil {
		return cdpMessage{}, err
	}
	if _, err := b.w.Write(append(raw, 0)); err != nil {
		return cdpMessage{}, err
	}
	select {
	case m := <-c:
		if m.Error != nil {
			return m, errors.New(m.Error.Message)
		}
		return m, nil
	case <-b.closed:
		return cdpMessage{}, errors.New("the browser went away")
	case <-time.After(2 * time.Minute):
		return cdpMessage{}, errors.New("no answer in time")
	}
}

func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	m, err := b.send(b.session, method, params)
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
	}
}

// eval runs JavaScript in the page and decodes what it returns.
func (b *browser) eval(js string, result any) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": js, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("evaluating: %s", out.ExceptionDetails)
	}
	if result != nil {
		if err := json.Unmarshal(out.Result.Value, result); err != nil {
			b.t.Fatalf("%v in %s", err, out.Result.Value)
		}
	}
}

func (b *browser) view(width, height int, theme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}}}, nil)
}

// open loads a file and returns what was asked of the network and what was said
// on the console while it loaded.
func (b *browser) open(path string) (requests, complaints []string) {
	b.t.Helper()
	b.mu.Lock()
	b.events = nil
	for len(b.loaded) > 0 {
		<-b.loaded
	}
	b.mu.Unlock()
	b.call("Page.navigate", map[string]any{"url": "file://" + path}, nil)
	select {
	case <-b.loaded:
	case <-time.After(time.Minute):
		b.t.Fatal("the page did not load")
	}
	// One turn of the event loop, so that what the page would start has started.
	b.eval("new Promise(r => requestAnimationFrame(() => setTimeout(r, 50)))", nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		switch e.Method {
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			_ = json.Unmarshal(e.Params, &p)
			requests = append(requests, p.Request.URL)
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening":
			complaints = append(complaints, e.Method+" "+string(e.Params))
		}
	}
	return requests, complaints
}

func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("AOPSCAN_SCREENSHOTS")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) pdf() []byte {
	b.t.Helper()
	var out struct{ Data string }
	b.call("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true, "generateTaggedPDF": true}, &out)
	pdf, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return pdf
}

// layoutJS finds what is cut, overlapping or hard to read, as sentences.
const layoutJS = `(() => {
  const bad = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) bad.push('the page is ' + document.documentElement.scrollWidth + ' wide in a window of ' + width);
  const name = e => e.tagName.toLowerCase() + '.' + (e.getAttribute('class') || '') + ' "' + e.textContent.trim().slice(0, 40) + '"';
  const shown = e => {
    if (!e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true, opacityProperty: true})) return false;
    for (let p = e; p; p = p.parentElement) {
      const s = getComputedStyle(p);
      if (s.clipPath !== 'none' || p.classList.contains('skip')) return false;
    }
    return true;
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const n = walker.currentNode, e = n.parentElement;
    if (!n.data.trim() || ['TITLE', 'DESC', 'STYLE'].includes(e.tagName.toUpperCase()) || !shown(e)) continue;
    const range = document.createRange();
    range.selectNodeContents(n);
    for (const r of range.getClientRects()) if (r.width > 0.5 && r.height > 0.5) texts.push({e, r, n});
  }
  for (const {e, r} of texts) {
    if (r.left < -0.5 || r.right > width + 0.5) bad.push('outside the window: ' + name(e) + ' ' + Math.round(r.left) + ' to ' + Math.round(r.right));
    const box = e.closest('pre, td, th, .chip, .tile, summary');
    if (box) {
      const b = box.getBoundingClientRect();
      if (r.right > b.right + 1 || r.left < b.left - 1) bad.push('outside its box: ' + name(e));
    }
  }
  for (const t of document.querySelectorAll('.matrix g text')) {
    const box = t.parentElement.querySelector('rect').getBBox(), b = t.getBBox();
    if (b.x < box.x + 2 || b.x + b.width > box.x + box.width - 2 || b.y < box.y || b.y + b.height > box.y + box.height) bad.push('outside its cell: ' + t.textContent);
  }
  texts.sort((a, b) => a.r.top - b.r.top);
  for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length && texts[j].r.top < texts[i].r.bottom; j++) {
    const a = texts[i].r, b = texts[j].r;
    if (texts[i].n === texts[j].n) continue;
    const w = Math.min(a.right, b.right) - Math.max(a.left, b.left), h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (w > 2 && h > Math.min(a.height, b.height) * .4) bad.push('overlapping: ' + name(texts[i].e) + ' and ' + name(texts[j].e));
  }
  const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const lum = ([r, g, b]) => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const seen = new Set();
  for (const {e} of texts) {
    if (seen.has(e)) continue;
    seen.add(e);
    const s = getComputedStyle(e), svg = e.closest('svg');
    const fg = rgb(svg ? s.fill : s.color);
    let bg = null;
    if (svg && e.parentElement.tagName === 'g') { const f = getComputedStyle(e.parentElement.querySelector('rect')).fill; if (f !== 'none') bg = rgb(f); }
    for (let p = e; p && !bg; p = p.parentElement) { const c = rgb(getComputedStyle(p).backgroundColor); if (c[3] === 1) bg = c; }
    bg = bg || rgb(getComputedStyle(document.documentElement).backgroundColor);
    const [x, y] = [lum(fg), lum(bg)].sort((a, b) => b - a), ratio = (x + .05) / (y + .05);
    const large = parseFloat(s.fontSize) >= 24 || parseFloat(s.fontSize) >= 18.66 && parseInt(s.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) bad.push('contrast ' + ratio.toFixed(2) + ': ' + name(e));
  }
  return [...new Set(bad)];
})()`

func writePage(t *testing.T, dir, name string, r *Report, o WriteOptions) string {
	t.Helper()
	b, err := HTML(r, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name+".html")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHTMLInBrowser looks at the page as people do: two widths, two themes, on
// paper, by keyboard, through the accessibility tree, and with hostile text.
func TestHTMLInBrowser(t *testing.T) {
	b := startBrowser(t)
	dir := t.TempDir()
	control := WriteOptions{Control: "NIST SP 800-53 r5"}
	noProbe := sample()
	noProbe.Probing, noProbe.Origins = nil, nil
	Finish(noProbe)
	pages := map[string]string{
		"sample":  writePage(t, dir, "sample", sample(), control),
		"hostile": writePage(t, dir, "hostile", hostileReport(), control),
		"empty":   writePage(t, dir, "empty", emptyReport(), WriteOptions{}),
		"noprobe": writePage(t, dir, "noprobe", noProbe, WriteOptions{}),
	}
	for _, look := range []struct {
		page  string
		width int
		theme string
	}{
		{"sample", 1280, "light"}, {"sample", 1280, "dark"}, {"sample", 390, "light"}, {"sample", 390, "dark"},
		{"hostile", 1280, "light"}, {"hostile", 390, "dark"}, {"noprobe", 390, "light"}, {"empty", 390, "light"},
	} {
		t.Run(fmt.Sprintf("%s %d %s", look.page, look.width, look.theme), func(t *testing.T) {
			b.t = t
			b.view(look.width, 900, look.theme)
			requests, complaints := b.open(pages[look.page])
			if len(requests) != 1 || !strings.HasPrefix(requests[0], "file://") {
				t.Errorf("asked for %q: only the page itself may be", requests)
			}
			if len(complaints) > 0 {
				t.Errorf("the browser complains: %q", complaints)
			}
			b.screenshot(fmt.Sprintf("%s-%d-%s", look.page, look.width, look.theme))
			var bad []string
			b.eval(`document.querySelectorAll('details').forEach(d => d.open = true)`, nil)
			b.eval(layoutJS, &bad)
			if len(bad) > 0 {
				t.Error(strings.Join(bad[:min(len(bad), 15)], "\n"))
			}
			var background string
			b.eval(`getComputedStyle(document.body).backgroundColor`, &background)
			if dark := background != "rgb(255, 255, 255)"; dark != (look.theme == "dark") {
				t.Errorf("background %s in the %s theme", background, look.theme)
			}
		})
	}
	b.t = t
	t.Run("hostile text stays text", func(t *testing.T) {
		b.t = t
		b.open(pages["hostile"])
		var n struct {
			Active, Attributes int
			Text               bool
			Links              []string
		}
		b.eval(`({
  active: document.querySelectorAll('script, img, iframe, object, embed, form, base, link:not([rel=icon])').length,
  attributes: [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'style')).length,
  text: document.body.textContent.includes('<script>alert(1)</script><img src=x onerror=alert(2)>'),
  links: [...document.querySelectorAll('a')].map(a => a.getAttribute('href')).filter(h => !h.startsWith('#') && !h.startsWith('https://developers.cloudflare.com/')),
})`, &n)
		if n.Active != 0 || n.Attributes != 0 || !n.Text || len(n.Links) != 0 {
			t.Errorf("%+v", n)
		}
	})
	t.Run("keyboard", func(t *testing.T) {
		b.t = t
		b.view(1280, 900, "light")
		b.open(pages["sample"])
		press := func(key string, code int) {
			for _, kind := range []string{"rawKeyDown", "char", "keyUp"} {
				text := map[string]string{"Enter": "\r"}[key]
				if kind == "char" && text == "" {
					continue
				}
				b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code}, nil)
			}
		}
		press("Tab", 9)
		var first struct {
			Text    string
			Visible bool
			Outline string
		}
		b.eval(`(() => { const e = document.activeElement, r = e.getBoundingClientRect(); return {text: e.textContent, visible: r.left >= 0 && r.top >= 0, outline: getComputedStyle(e).outlineStyle}; })()`, &first)
		if first.Text != "Skip to the report" || !first.Visible || first.Outline != "solid" {
			t.Errorf("the first stop is %+v", first)
		}
		var reached, toggled bool
		for range 80 {
			press("Tab", 9)
			b.eval(`document.activeElement.matches('details.finding > summary')`, &reached)
			if reached {
				break
			}
		}
		if !reached {
			t.Fatal("no finding is reached with Tab")
		}
		press("Enter", 13)
		b.eval(`!document.activeElement.parentElement.open`, &toggled)
		if !toggled {
			t.Error("Enter does not fold a finding")
		}
	})
	t.Run("accessibility", func(t *testing.T) {
		b.t = t
		b.open(pages["sample"])
		b.eval(`document.querySelectorAll('details').forEach(d => d.open = true)`, nil)
		var tree struct {
			Nodes []struct {
				Ignored    bool
				Role, Name struct{ Value any }
			}
		}
		b.call("Accessibility.getFullAXTree", nil, &tree)
		count := map[string]int{}
		for _, n := range tree.Nodes {
			if n.Ignored {
				continue
			}
			role := fmt.Sprint(n.Role.Value)
			count[role]++
			if name := fmt.Sprint(n.Name.Value); (role == "table" || role == "image" || role == "region" || role == "navigation") && (name == "" || name == "<nil>") {
				t.Errorf("a %s has no name", role)
			}
		}
		for _, role := range []string{"banner", "navigation", "main"} {
			if count[role] != 1 {
				t.Errorf("%d of landmark %s, want 1", count[role], role)
			}
		}
		if count["table"] < 5 || count["image"] < 2 {
			t.Errorf("%d tables and %d pictures in the accessibility tree", count["table"], count["image"])
		}
		var levels []int
		b.eval(`[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])`, &levels)
		for i, l := range levels {
			if i == 0 && l != 1 || i > 0 && (l == 1 || l > levels[i-1]+1) {
				t.Errorf("heading %d is of level %d after %v", i, l, levels[max(0, i-1):i])
			}
		}
		var ids []string
		b.eval(`(() => { const all = [...document.querySelectorAll('[id]')].map(e => e.id); return all.filter((x, i) => all.indexOf(x) !== i).concat([...document.querySelectorAll('a[href^="#"]')].map(a => a.getAttribute('href').slice(1)).filter(i => !document.getElementById(i))); })()`, &ids)
		if len(ids) > 0 {
			t.Errorf("identifiers that are used twice or lead nowhere: %q", ids)
		}
	})
	t.Run("paper", func(t *testing.T) {
		b.t = t
		b.view(1280, 900, "dark") // paper is white whatever the theme
		b.open(pages["sample"])
		pdf := b.pdf()
		path := filepath.Join(dir, "sample.pdf")
		if err := os.WriteFile(path, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		if keep := os.Getenv("AOPSCAN_SCREENSHOTS"); keep != "" {
			if err := os.WriteFile(filepath.Join(keep, "sample.pdf"), pdf, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		out, err := exec.Command(need(t, "pdftotext"), "-layout", path, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(string(out)), " ")
		for _, want := range []string{
			"3 of 10 origins can be reached", "Not seen", "curl -sk --resolve app.example.com:443:203.0.113.11",
			"Alert 116 after a certificate request.",   // folded on the screen: passing evidence
			"notification policies",                    // folded: unread sections
			"(https://developers.cloudflare.com/ssl/",  // where a link leads
			"Only the edge may talk to the origin.",    // folded: controls
			"quarterly-campaign.marketing.example.com", // long names are broken, not cut
			"1 / ", // page numbers
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not on paper", want)
			}
		}
		if strings.Contains(text, "Skip to the report") {
			t.Error("the skip link is on paper")
		}
		ppm, err := exec.Command(need(t, "pdftoppm"), "-r", "20", "-f", "1", "-l", "1", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		// A PPM: "P6 width height 255" and then bytes; the first pixel is paper.
		if head := bytes.SplitN(ppm, []byte("\n"), 4); len(head) == 4 && !bytes.HasPrefix(head[3], []byte{255, 255, 255}) {
			t.Errorf("the paper is not white: %v", head[3][:3])
		}
	})
}
