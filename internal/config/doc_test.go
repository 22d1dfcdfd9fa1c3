package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readDoc(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every setting has its line in the documentation, with flag, variable, default
// and the words of the schema; and the documentation has no others.
func TestDocumentation(t *testing.T) {
	doc := readDoc(t)
	rows := map[string][]string{} // by environment variable
	for line := range strings.SplitSeq(doc, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) == 7 && strings.Contains(cells[3], "`") {
			rows[strings.Trim(cells[3], " `")] = cells
		}
	}
	plain := func(s string) string {
		s = strings.ReplaceAll(s, "`", "")
		s, _, _ = strings.Cut(s, "; in the file also")
		s, _, _ = strings.Cut(s, ": critical")
		return strings.TrimRight(strings.TrimSpace(s), ".")
	}
	for _, s := range settings {
		cells, ok := rows[s.Env]
		if !ok {
			t.Errorf("%s has no line in docs/configuration.md", s.Env)
			continue
		}
		delete(rows, s.Env)
		key := "not in the file"
		if s.Key != "" {
			key = "`" + s.Key + "`"
		}
		if s.List {
			key += " (list)"
		}
		if got := strings.TrimSpace(cells[1]); got != key {
			t.Errorf("%s: key %s, documented as %s", s.Env, key, got)
		}
		flag := ""
		if s.Flag != "" {
			flag = "--" + s.Flag
		}
		if got, _, _ := strings.Cut(plain(cells[2]), ","); got != flag {
			t.Errorf("%s: flag %q, documented as %q", s.Env, flag, got)
		}
		if got := plain(cells[4]); got != s.Default {
			t.Errorf("%s: default %q, documented as %q", s.Env, s.Default, got)
		}
		if got, want := plain(cells[5]), plain(s.Summary); !strings.HasPrefix(want, got) {
			t.Errorf("%s: %q, documented as %q", s.Env, want, got)
		}
	}
	for env := range rows {
		t.Errorf("%s is documented and is no setting", env)
	}
	for _, f := range waiverFields {
		if !strings.Contains(doc, "`"+f.key+"`") {
			t.Errorf("the waiver's field %s is not documented", f.key)
		}
	}
}

// The examples of the documentation are right.
func TestDocumentationExamples(t *testing.T) {
	blocks := strings.Split(readDoc(t), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("no example")
	}
	for _, b := range blocks {
		b, _, _ = strings.Cut(b, "```")
		if _, err := Parse("example", []byte(b)); err != nil {
			t.Errorf("%s\n%s", render(err), b)
		}
	}
	// And so is the error that it shows.
	_, err := Parse(Name, []byte("\n\nzonse: []\n"))
	if !strings.Contains(readDoc(t), "\naopscan: "+render(err)) {
		t.Errorf("the documented error is not %q", render(err))
	}
}

// Every environment variable that the program reads is documented.
func TestDocumentationOfTheEnvironment(t *testing.T) {
	doc := readDoc(t)
	names := []string{EnvConfig}
	for _, s := range settings {
		names = append(names, s.Env)
	}
	read := regexp.MustCompile(`(?i)(?:env|getenv)\("([A-Z][A-Z_]+)"\)`)
	for _, dir := range []string{"../../cmd/aopscan", "../../report", "../../internal/inventory", "../../probe"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range read.FindAllSubmatch(b, -1) {
				names = append(names, string(m[1]))
			}
		}
	}
	if !slices.Contains(names, "CLOUDFLARE_API_TOKEN") {
		t.Errorf("the search found only %v", names)
	}
	for _, n := range names {
		if !strings.Contains(doc, "`"+n+"`") {
			t.Errorf("%s is read and not documented", n)
		}
	}
}
