// Package rules holds the repository to what docs/architecture.md says of its
// packages. It has tests only.
package rules

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/aopscan/aopscan"

// rule says what a package may and may not import, tests aside.
type rule struct {
	// ours are the packages of this repository that it may import.
	ours string
	// never are the packages of others that it must not import, by prefix; a word
	// that ends in "." is meant exactly.
	never string
}

// impure are the packages through which a judgement could depend on anything but
// its input.
const impure = "net. net/http net/rpc net/smtp os io. io/ioutil context crypto/tls log syscall math/rand plugin"

// rules are those of every package; a package without one fails the test.
var rules = map[string]rule{
	"internal/evidence":           {never: "net crypto/tls github.com"},
	"internal/sanitize":           {never: "net os github.com"},
	"internal/verdict":            {ours: "internal/evidence", never: strings.Replace(impure, "net. ", "", 1)}, // net joins hosts and ports
	"internal/verdict/e2e":        {},
	"internal/verdict/origintest": {},
	"checks":                      {ours: "internal/evidence internal/verdict", never: impure},
	"internal/inventory":          {ours: "internal/evidence internal/sanitize internal/inventory/expr", never: "github.com/quic-go"},
	"internal/inventory/expr":     {never: impure},
	"probe":                       {ours: "internal/evidence internal/sanitize", never: "github.com/cloudflare"},
	"report":                      {ours: "checks internal/verdict internal/evidence internal/nearest internal/sanitize", never: "net/http crypto/tls context github.com/cloudflare"},
	"internal/nearest":            {never: impure},
	"internal/config":             {ours: "checks probe report internal/nearest internal/sanitize", never: "net/http crypto/tls github.com/cloudflare"},
	"internal/lab":                {never: "github.com/cloudflare"},
	"internal/street":             {never: "github.com/cloudflare"},
	"internal/ecosystem":          {},
	"internal/rules":              {},
	"cmd/aopscan": {ours: "checks probe report internal/config internal/evidence internal/inventory internal/lab internal/nearest internal/sanitize internal/verdict",
		never: "github.com/cloudflare github.com/quic-go"},
}

// packages parses the sources below a folder and returns, per package folder, the
// imports of its non-test files with the file that has them. It reads the files in
// this process, so that the test cache knows of every one.
func packages(t *testing.T, root string) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		if found[dir] == nil {
			found[dir] = map[string]string{}
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			found[dir][p] = name
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// violations lists what a package imports against its rule.
func violations(dir string, imports map[string]string, r rule) []string {
	var out []string
	for path, file := range imports {
		ours, mine := strings.CutPrefix(path, module+"/")
		if mine && !slices.Contains(strings.Fields(r.ours), ours) {
			out = append(out, dir+"/"+file+" imports "+ours)
		}
		if mine {
			continue
		}
		for _, n := range strings.Fields(r.never) {
			exact, isExact := strings.CutSuffix(n, ".")
			if path == exact || !isExact && (path == n || strings.HasPrefix(path, n+"/")) {
				out = append(out, dir+"/"+file+" imports "+path)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestImports(t *testing.T) {
	found := packages(t, "../..")
	for dir, imports := range found {
		r, ok := rules[dir]
		if !ok {
			t.Errorf("%s has no rule: say in this file what it may import", dir)
			continue
		}
		for _, v := range violations(dir, imports, r) {
			t.Error(v)
		}
	}
	for dir := range rules {
		if found[dir] == nil {
			t.Errorf("there is a rule for %s, and no such package", dir)
		}
	}
	if len(found) < 10 {
		t.Errorf("only %d packages were found: the test looks in the wrong place", len(found))
	}
}

// TestOnlyInventoryKnowsTheAPIClient: no other package may learn its types.
func TestOnlyInventoryKnowsTheAPIClient(t *testing.T) {
	for dir, imports := range packages(t, "../..") {
		for path, file := range imports {
			if strings.HasPrefix(path, "github.com/cloudflare/cloudflare-go") && dir != "internal/inventory" {
				t.Errorf("%s/%s imports %s", dir, file, path)
			}
		}
	}
}

// TestViolationsAreSeen is the control of the tests above: a broken rule is found.
func TestViolationsAreSeen(t *testing.T) {
	imports := map[string]string{
		"net/netip": "a.go", "net": "b.go", "os": "c.go", "os/exec": "d.go", "fmt": "e.go", "io": "f.go", "io/fs": "g.go",
		module + "/internal/evidence": "h.go", module + "/probe": "i.go",
	}
	got := violations("checks", imports, rules["checks"])
	want := []string{"checks/b.go imports net", "checks/c.go imports os", "checks/d.go imports os/exec", "checks/f.go imports io", "checks/i.go imports probe"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "checks"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checks", "x.go"), []byte("package checks\n\nimport _ \"net/http\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if v := violations("checks", packages(t, dir)["checks"], rules["checks"]); len(v) != 1 {
		t.Errorf("net/http in checks gave %q", v)
	}
}
